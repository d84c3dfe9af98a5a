"""What deciding a history took: by which algorithm how much of it, and which parts were hardest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from checker.result import CheckResult
from checker.verdict import PartitionResult

__all__ = ["AlgorithmShare", "HardPart", "JudgingStatistics", "judging_statistics"]

_HARDEST_MAX: Final = 3


class AlgorithmShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one algorithm decided, or gave up on."""

    algorithm: str
    parts: int
    undecided: int
    operations: int
    seconds: float
    configurations: int


class HardPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part that took long; ``key`` is None for a history without keys."""

    key: Any
    algorithm: str
    operations: int
    seconds: float
    configurations: int


class JudgingStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """What deciding a history took.

    ``configurations`` are the distinct ones that searches saw, and ``peak_bytes`` is the most that
    searches kept at once, None when nothing was searched. ``algorithms`` are in order of the
    seconds that they took, those of several threads added up; ``hardest`` are the parts in which
    most configurations were seen or, where nothing was searched, that took longest.
    """

    parts: int
    largest_part: int
    configurations: int
    peak_bytes: int | None
    algorithms: tuple[AlgorithmShare, ...]
    hardest: tuple[HardPart, ...]


def judging_statistics(result: CheckResult) -> JudgingStatistics:
    """Count what is known of each part of a judged history."""
    parts = result.partitions
    groups: dict[str, list[PartitionResult]] = {}
    for part in parts:
        groups.setdefault(part.algorithm, []).append(part)
    shares = (_share(algorithm, group) for algorithm, group in groups.items())
    hardest = sorted(parts, key=lambda part: (part.configurations, part.seconds), reverse=True)
    return JudgingStatistics(
        parts=len(parts),
        largest_part=max((part.operations for part in parts), default=0),
        configurations=sum(part.configurations for part in parts),
        peak_bytes=result.peak_bytes,
        algorithms=tuple(sorted(shares, key=lambda share: share.seconds, reverse=True)),
        hardest=tuple(map(_hard, hardest[:_HARDEST_MAX])),
    )


def _share(algorithm: str, parts: Iterable[PartitionResult]) -> AlgorithmShare:
    parts = list(parts)
    return AlgorithmShare(
        algorithm=algorithm,
        parts=len(parts),
        undecided=sum(bool(part.reason) for part in parts),
        operations=sum(part.operations for part in parts),
        seconds=sum(part.seconds for part in parts),
        configurations=sum(part.configurations for part in parts),
    )


def _hard(part: PartitionResult) -> HardPart:
    return HardPart(
        key=part.key,
        algorithm=part.algorithm,
        operations=part.operations,
        seconds=part.seconds,
        configurations=part.configurations,
    )
