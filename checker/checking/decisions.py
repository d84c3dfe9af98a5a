"""What is decided of a history's parts while they are judged one after the other in Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from checker.engine.native_judge import JudgeProgress
from checker.models import Partition
from checker.result import PartColumns, Partitions
from checker.verdict import PartitionResult, Verdict

__all__ = ["Decisions"]


class Decisions:
    """The results so far; the parts that a limit left no time for have none until the end.

    Theirs are made when they are asked for: hundreds of thousands would take seconds to make, which
    are over when there are any.
    """

    def __init__(
        self,
        parts: Sequence[Partition],
        on_progress: Callable[[JudgeProgress], object] | None = None,
    ) -> None:
        self.parts = parts
        self._on_progress = on_progress
        self._results: dict[int, PartitionResult] = {}
        self._sizes = [len(part.operations) for part in parts]
        self._operations = sum(self._sizes)
        self._operations_decided = 0
        self._configurations_seen = 0
        self._severities = bytearray((Verdict.UNKNOWN.severity,)) * len(parts)
        self._undecided = bytearray((1,)) * len(parts)
        self._configurations = [0] * len(parts)
        self._algorithms: dict[str, None] = {}

    def decide(self, place: int, result: PartitionResult) -> None:
        """Take the result of the part at a place, and tell how far the check is."""
        self._results[place] = result
        self._severities[place] = result.verdict.severity
        self._undecided[place] = bool(result.reason)
        self._configurations[place] = result.configurations
        self._algorithms[result.algorithm] = None
        self._operations_decided += result.operations
        self._configurations_seen += result.configurations
        if self._on_progress is not None:
            self._on_progress(self._progress())

    def _progress(self) -> JudgeProgress:
        return JudgeProgress(
            parts=len(self.parts),
            parts_decided=len(self._results),
            operations=self._operations,
            operations_decided=self._operations_decided,
            configurations=self._configurations_seen,
        )

    def decided(self) -> Partitions:
        """The parts that have a result."""
        return Partitions.of(self._results[place] for place in sorted(self._results))

    def all(self, algorithm: str, reason: str) -> Partitions:
        """All parts; those without a result are unknown for this reason, to this algorithm."""
        if len(self._results) < len(self.parts):
            self._algorithms[algorithm] = None
        columns = PartColumns(
            severities=bytes(self._severities),
            undecided=bytes(self._undecided),
            operations=self._sizes,
            configurations=self._configurations,
            algorithms=tuple(self._algorithms),
        )
        return Partitions(columns, partial(self._result, algorithm, reason))

    def _result(self, algorithm: str, reason: str, place: int) -> PartitionResult:
        result = self._results.get(place)
        if result is not None:
            return result
        return PartitionResult(
            key=self.parts[place].key,
            verdict=Verdict.UNKNOWN,
            algorithm=algorithm,
            operations=self._sizes[place],
            seconds=0.0,
            reason=reason,
        )
