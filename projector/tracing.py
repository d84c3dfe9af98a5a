"""Spans of commits; see `eventstore.tracing`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from eventstore import tracing
from projector.telemetry import Spans

__all__ = ["open_spans"]


def open_spans() -> Spans | None:
    """Return what makes spans, null where OpenTelemetry is not installed."""
    spans = tracing.open_spans("projector")
    return None if spans is None else _CommitSpans(spans)


class _CommitSpans:
    def __init__(self, spans: tracing.FollowingSpans) -> None:
        self._spans = spans

    def applying(
        self, projection: str, parents: Sequence[str], attributes: dict[str, Any]
    ) -> AbstractContextManager[Any]:
        """Make a span; see `Spans.applying`."""
        return self._spans.span(
            f"apply {projection}",
            "CONSUMER",
            parents,
            events=attributes.get("projector.events", 0),
            attributes={"projector.projection": projection, **attributes},
        )
