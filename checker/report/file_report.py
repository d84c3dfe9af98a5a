"""What became of one file: read or not, judged or not, and how. The reports draw this."""

from __future__ import annotations

import enum
import shlex
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.operation import Operation
from checker.result import CheckResult
from checker.verdict import PartitionResult, Verdict

__all__ = ["FileReport", "FileVerdict", "ModelSource", "Trouble", "worst_file_verdict"]

ModelSource = Literal["option", "header", "guess"]
"""Who chose the model that judged a file."""


class FileVerdict(enum.StrEnum):
    """A history's verdict, or that there can be none."""

    VALID = "valid"
    UNKNOWN = "unknown"
    INVALID = "invalid"
    MALFORMED = "malformed"


class Trouble(enum.StrEnum):
    """Why a file has no verdict though nothing is known to be wrong with it."""

    USAGE = "usage"
    INFRASTRUCTURE = "infrastructure"
    INTERNAL = "internal"
    INTERRUPTED = "interrupted"


_SEVERITY: Final = tuple(FileVerdict)


def worst_file_verdict(verdicts: Iterable[FileVerdict]) -> FileVerdict:
    """Merge verdicts: malformed over invalid over unknown over valid."""
    return max(verdicts, key=_SEVERITY.index, default=FileVerdict.VALID)


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """One file's outcome. ``history`` is None if it was not read, ``result`` if it was not judged.

    ``reason`` says why there is no verdict or none either way, with ``line`` and ``operation`` (in
    the file's own words) when it is malformed. ``model_source`` says who chose the model: the
    ``option``, the file's ``header``, or a ``guess`` from its operations. ``options`` are those of
    ``checker verify`` that judge it in the same way again.
    """

    file: str
    verdict: FileVerdict
    history: History | RecordedHistory | None = None
    result: CheckResult | None = None
    model: str | None = None
    model_source: ModelSource | None = None
    options: tuple[str, ...] = ()
    parse_seconds: float = 0.0
    reason: str = ""
    line: int | None = None
    operation: str | None = None
    trouble: Trouble | None = None

    @property
    def invalid_partitions(self) -> Sequence[PartitionResult]:
        """The parts that were found in violation."""
        return () if self.result is None else self.result.partitions.of_verdict(Verdict.INVALID)

    @property
    def unknown_partitions(self) -> Sequence[PartitionResult]:
        """The parts that were not decided, the hardest first."""
        return () if self.result is None else self.result.undecided

    def command(self, *options: str) -> str:
        """Return the command that judges this file again, ready for a shell."""
        return shlex.join(("checker", "verify", self.file, *self.options, *options))

    def operations(self, indices: Iterable[int]) -> tuple[Operation, ...]:
        """Return the operations with these indices, in order of invocation."""
        if self.history is None:
            return ()
        return tuple(self.history.operations[index] for index in sorted(set(indices)))
