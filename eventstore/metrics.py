"""What a store did, in numbers, as Prometheus reads them. No I/O, no clock.

The text is Prometheus' exposition format 0.0.4
(https://prometheus.io/docs/instrumenting/exposition_formats/). Labels come from our own code, a few
of each, so nothing grows with what clients send.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from typing import Final

__all__ = ["CONTENT_TYPE", "Counter", "Gauge", "Histogram", "StoreMetrics"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""The bounds of the histograms: from a fast append to one that ran into its time limit."""


class Counter:
    """Counts up, by the values of its labels; as a gauge it may also count down."""

    def __init__(
        self, name: str, text: str, labels: tuple[str, ...] = (), *, gauge: bool = False
    ) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._kind = "gauge" if gauge else "counter"
        self._counts: dict[tuple[str, ...], int] = {} if labels else {(): 0}

    def add(self, *values: str, amount: int = 1) -> None:
        """Count ``amount`` more, for a value of each label."""
        self._counts[values] = self._counts.get(values, 0) + amount

    def lines(self) -> Iterator[str]:
        """Its lines of the exposition."""
        yield f"# HELP {self._name} {self._text}"
        yield f"# TYPE {self._name} {self._kind}"
        for values, count in sorted(self._counts.items()):
            named = zip(self._labels, values, strict=True)
            labels = ",".join(f'{label}="{value}"' for label, value in named)
            yield f"{self._name}{{{labels}}} {count}" if labels else f"{self._name} {count}"


class Gauge:
    """What something is at the moment, by the values of its labels."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...]) -> None:
        self._name = name
        self._text = text
        self._labels = labels
        self._values: dict[tuple[str, ...], float] = {}

    def set(self, value: float, *values: str) -> None:
        """Say what it is, for a value of each label."""
        self._values[values] = value

    def lines(self) -> Iterator[str]:
        """Its lines of the exposition."""
        yield f"# HELP {self._name} {self._text}"
        yield f"# TYPE {self._name} gauge"
        for values, number in sorted(self._values.items()):
            named = zip(self._labels, values, strict=True)
            labels = ",".join(f'{label}="{value}"' for label, value in named)
            yield f"{self._name}{{{labels}}} {number:.12g}"


class Histogram:
    """How large something was, in seconds unless other bounds say more, by a label's value."""

    def __init__(
        self, name: str, text: str, label: str, *, bounds: Sequence[float] = SECONDS
    ) -> None:
        self._name = name
        self._text = text
        self._label = label
        self._bounds = bounds
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, value: str, size: float) -> None:
        """Count one that was so large."""
        counts = self._counts.setdefault(value, [0] * (len(self._bounds) + 1))
        counts[bisect.bisect_left(self._bounds, size)] += 1
        self._sums[value] = self._sums.get(value, 0.0) + size

    def lines(self) -> Iterator[str]:
        """Its lines of the exposition."""
        yield f"# HELP {self._name} {self._text}"
        yield f"# TYPE {self._name} histogram"
        for value, counts in sorted(self._counts.items()):
            label = f'{self._label}="{value}"'
            total = 0
            for bound, count in zip((*map(str, self._bounds), "+Inf"), counts, strict=True):
                total += count
                yield f'{self._name}_bucket{{{label},le="{bound}"}} {total}'
            yield f"{self._name}_sum{{{label}}} {self._sums[value]:.9g}"
            yield f"{self._name}_count{{{label}}} {total}"


class StoreMetrics:
    """The numbers of one store."""

    def __init__(self) -> None:
        self.calls = Counter(
            "eventstore_calls_total",
            "Calls that ended, by method and by ok or the name of the error.",
            ("method", "result"),
        )
        self.seconds = Histogram(
            "eventstore_call_seconds", "How long calls took, by method.", "method"
        )
        self.events = Counter(
            "eventstore_events_total",
            "Events by what became of them: appended, repeated, read, delivered.",
            ("what",),
        )
        self.subscriptions = Counter(
            "eventstore_subscriptions", "Subscriptions that are open.", gauge=True
        )
        self._head = Counter(
            "eventstore_head_position", "The last position that was seen here.", gauge=True
        )
        self._seen = 0

    def reached(self, position: int) -> None:
        """Say that the log was seen to be as far as this."""
        if position > self._seen:
            self._head.add(amount=position - self._seen)
            self._seen = position

    def text(self) -> str:
        """The exposition of all of them."""
        parts: Sequence[Counter | Histogram] = (
            self.calls,
            self.seconds,
            self.events,
            self.subscriptions,
            self._head,
        )
        return "".join(f"{line}\n" for part in parts for line in part.lines())
