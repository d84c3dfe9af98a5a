"""The verdict on a whole history, over the verdicts on its parts.

A history may have hundreds of thousands of parts, of which few are ever looked at. So what is told
of all of them is kept in columns, and a part's result is made when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, overload

import msgspec

from checker.verdict import Anomaly, PartitionResult, Verdict

__all__ = ["CheckResult", "PartColumns", "Partitions"]


class PartColumns(NamedTuple):
    """What is known of each part without its result; all are in the order of the parts."""

    severities: bytes
    """`Verdict.severity` of each."""
    undecided: bytes
    """1 for each that ends with a reason why it is not decided, or not wholly."""
    operations: Sequence[int]
    configurations: Sequence[int]
    algorithms: tuple[str, ...]
    """What decided, each once."""


class Partitions(Sequence[PartitionResult]):
    """The results of a history's parts, in its order; each is made once, when it is asked for.

    As long as they are kept, what they are made of is kept with them: the history.
    """

    def __init__(self, columns: PartColumns, make: Callable[[int], PartitionResult]) -> None:
        """Take what is known of each part, and what makes the result of the part at a place."""
        self.columns = columns
        self._make = make
        self._made: list[PartitionResult | None] = [None] * len(columns.severities)

    @classmethod
    def of(cls, parts: Iterable[PartitionResult]) -> Partitions:
        """Return the same results, as a sequence of this kind."""
        made = tuple(parts)
        columns = PartColumns(
            severities=bytes(part.verdict.severity for part in made),
            undecided=bytes(bool(part.reason) for part in made),
            operations=[part.operations for part in made],
            configurations=[part.configurations for part in made],
            algorithms=tuple(dict.fromkeys(part.algorithm for part in made)),
        )
        return cls(columns, made.__getitem__)

    @property
    def worst(self) -> Verdict:
        """Invalid over unknown over valid; valid when there are no parts."""
        return _VERDICTS[max(self.columns.severities, default=0)]

    def of_verdict(self, verdict: Verdict) -> Partitions:
        """Return the parts of this verdict."""
        severities, wanted = self.columns.severities, verdict.severity
        return self._chosen([place for place, each in enumerate(severities) if each == wanted])

    @property
    def undecided(self) -> Partitions:
        """The parts that are not decided, the hardest first.

        That is the one of which a search saw most configurations, else the one with most
        operations.
        """
        columns = self.columns
        places = [place for place, is_open in enumerate(columns.undecided) if is_open]
        places.sort(key=columns.operations.__getitem__, reverse=True)
        places.sort(key=columns.configurations.__getitem__, reverse=True)
        return self._chosen(places)

    def _chosen(self, places: Sequence[int]) -> Partitions:
        severities, undecided, operations, configurations, algorithms = self.columns
        columns = PartColumns(
            severities=bytes(severities[place] for place in places),
            undecided=bytes(undecided[place] for place in places),
            operations=[operations[place] for place in places],
            configurations=[configurations[place] for place in places],
            algorithms=algorithms,
        )
        return Partitions(columns, lambda place: self[places[place]])

    def __len__(self) -> int:
        return len(self._made)

    @overload
    def __getitem__(self, place: int) -> PartitionResult: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[PartitionResult, ...]: ...
    def __getitem__(self, place: int | slice) -> PartitionResult | tuple[PartitionResult, ...]:
        places = range(len(self))[place]
        if isinstance(places, range):
            return tuple(map(self._result, places))
        return self._result(places)

    def __iter__(self) -> Iterator[PartitionResult]:
        return map(self._result, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Partitions):
            return NotImplemented
        return tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # as a list: results have lists in them

    def __repr__(self) -> str:
        return f"Partitions({len(self):,}, worst: {self.worst})"

    def _result(self, place: int) -> PartitionResult:
        result = self._made[place]
        if result is None:
            result = self._made[place] = self._make(place)
        return result


_VERDICTS = sorted(Verdict, key=lambda verdict: verdict.severity)


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on a history, with the evidence of each partition.

    ``seconds`` is the deciding alone, without reading and without putting findings into words.
    ``clock_uncertainty`` is by how many nanoseconds each operation was widened at both ends.
    """

    model: str
    consistency: str
    verdict: Verdict
    algorithm: str
    operations: int
    seconds: float
    partitions: Partitions
    peak_bytes: int | None = None
    clock_uncertainty: int = 0

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """Every anomaly found, partition by partition."""
        invalid = self.partitions.of_verdict(Verdict.INVALID)
        return tuple(anomaly for part in invalid for anomaly in part.anomalies)

    @property
    def witness(self) -> tuple[tuple[Any, Sequence[int]], ...] | None:
        """The order that explains each partition, with its key; None unless all are valid."""
        if self.verdict is not Verdict.VALID:
            return None
        return tuple((part.key, part.witness or ()) for part in self.partitions)

    @property
    def undecided(self) -> Partitions:
        """The undecided partitions, the hardest first."""
        return self.partitions.undecided

    @property
    def reason(self) -> str:
        """Why the verdict is unknown: how much is decided, and what the hardest part says."""
        undecided = self.undecided
        if not undecided:
            return ""
        hardest = undecided[0]
        if len(self.partitions) == 1:
            return hardest.reason
        among = f", the hardest of {len(undecided):,} undecided parts" if len(undecided) > 1 else ""
        name = "the part without a key" if hardest.key is None else f"key {hardest.key!r}"
        return f"{self.decided}; {name}{among}: {hardest.reason}"

    @property
    def decided(self) -> str:
        """How much is decided, in words."""
        undecided = self.undecided
        parts = len(self.partitions) - len(undecided)
        operations = self.operations - sum(undecided.columns.operations)
        return (
            f"{parts:,} of {len(self.partitions):,} parts are decided, with {operations:,} of "
            f"{self.operations:,} operations"
        )
