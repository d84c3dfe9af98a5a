"""Series over time: throughput by outcome, and latency quantiles by operation.

Each is counted over every operation of the history, whatever part of it the page draws. Latency
belongs to the time of invocation, throughput to that of completion. Only operations with a known
outcome have a latency.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import chain
from typing import Final

import msgspec

from checker.history.history import History
from checker.operation import Outcome
from checker.report.page.clock import Clock

__all__ = ["PANELS_MAX", "LatencyPanel", "Series", "quantile", "series_of"]

PANELS_MAX: Final = 8
"""Latency panels; rarer operations share the last one."""
_BINS_MIN: Final = 20
_BINS_MAX: Final = 160
_OPERATIONS_PER_BIN: Final = 20
"""Fewer would make quantiles of noise."""
_QUANTILES: Final = (0.50, 0.95, 0.99)


class LatencyPanel(msgspec.Struct, frozen=True, kw_only=True):
    """Latencies of the operations named ``fs``: quantiles of each bin in nanoseconds.

    ``p50``, ``p95`` and ``p99`` hold one value a bin, None where no operation succeeded.
    """

    title: str
    fs: tuple[str, ...]
    operations: int
    p50: tuple[int | None, ...]
    p95: tuple[int | None, ...]
    p99: tuple[int | None, ...]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """All series share their bins: bin i covers ``i * bin_length`` up to the next one."""

    bin_length: int
    bins: int
    throughput: dict[Outcome, tuple[int, ...]]
    """Completions a bin."""
    latency: tuple[LatencyPanel, ...]


def quantile(ascending: Sequence[int], fraction: float) -> int:
    """The nearest-rank quantile of at least one sorted value."""
    rank = -(-fraction * len(ascending) // 1)
    return ascending[max(int(rank), 1) - 1]


def series_of(history: History, clock: Clock) -> Series:
    """Count a timed history into bins of a round length."""
    most = min(max(len(history) // _OPERATIONS_PER_BIN, _BINS_MIN), _BINS_MAX)
    length = _bin_length(clock.length, most)
    bins = clock.length // length + 1
    done = {outcome: [0] * bins for outcome in Outcome}
    took: dict[str, list[list[int]]] = defaultdict(lambda: [[] for _ in range(bins)])
    counts: Counter[str] = Counter()
    for operation in history.operations:
        begin = clock.begin(operation)
        end = clock.end(operation)
        counts[operation.f] += 1
        done[operation.outcome][(begin if end is None else end) // length] += 1
        if operation.outcome is Outcome.OK and end is not None:
            took[operation.f][begin // length].append(end - begin)
    return Series(
        bin_length=length,
        bins=bins,
        throughput={outcome: tuple(counted) for outcome, counted in done.items()},
        latency=tuple(_panels(counts, took, bins)),
    )


def _panels(
    counts: Counter[str], took: dict[str, list[list[int]]], bins: int
) -> list[LatencyPanel]:
    """One panel for each of the most frequent operations, and one for the rest."""
    names = [f for f, _ in counts.most_common()]
    groups: list[tuple[str, ...]] = [(f,) for f in names]
    if len(names) > PANELS_MAX:
        groups = [*groups[: PANELS_MAX - 1], tuple(names[PANELS_MAX - 1 :])]
    return [_panel(group, counts, took, bins) for group in groups]


def _panel(
    group: tuple[str, ...], counts: Counter[str], took: dict[str, list[list[int]]], bins: int
) -> LatencyPanel:
    merged = [
        sorted(chain.from_iterable(took[f][place] for f in group if f in took))
        for place in range(bins)
    ]
    p50, p95, p99 = (
        tuple(quantile(values, fraction) if values else None for values in merged)
        for fraction in _QUANTILES
    )
    return LatencyPanel(
        title=group[0] if len(group) == 1 else f"{len(group)} other operations",
        fs=group,
        operations=sum(counts[f] for f in group),
        p50=p50,
        p95=p95,
        p99=p99,
    )


def _bin_length(length: int, bins_max: int) -> int:
    """The smallest of 1, 2 or 5 times a power of ten that needs no more bins than allowed."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if length // (size * factor) < bins_max:
                return size * factor
        size *= 10
