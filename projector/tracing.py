"""Spans of commits, with OpenTelemetry where it is installed; who configures it says where they go.

It is no dependency of ours: `open_spans` returns null without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from eventstore.causation import TraceParent
from projector.telemetry import Spans

__all__ = ["open_spans"]

_LINKS_MAX: Final = 128
"""OpenTelemetry's own limit of the links of a span."""


def open_spans() -> Spans | None:
    """Return what makes spans, null where OpenTelemetry is not installed."""
    try:
        from opentelemetry import trace  # noqa: PLC0415 - not a dependency of ours
    except ImportError:
        return None
    return _OpenTelemetrySpans(trace)


class _OpenTelemetrySpans:
    def __init__(self, trace: Any) -> None:
        self._trace = trace
        self._tracer = trace.get_tracer("projector")

    def applying(
        self, projection: str, parents: Sequence[str], attributes: dict[str, Any]
    ) -> AbstractContextManager[Any]:
        """Make a span; see `Spans.applying`."""
        trace = self._trace
        named = dict.fromkeys(parents)  # each once, in order
        contexts = [
            self._context(parsed) for parsed in map(TraceParent.parse, named) if parsed is not None
        ]
        described = {"messaging.system": "trueorder", "projector.projection": projection}
        parent = None
        if len(contexts) == 1 and attributes.get("projector.events") == 1:
            parent = trace.set_span_in_context(trace.NonRecordingSpan(contexts[0]))
        links = [] if parent else [trace.Link(context) for context in contexts[:_LINKS_MAX]]
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(
            f"apply {projection}",
            context=parent,
            kind=trace.SpanKind.CONSUMER,
            attributes=described | attributes,
            links=links,
        )
        return span

    def _context(self, parent: TraceParent) -> Any:
        trace = self._trace
        return trace.SpanContext(
            trace_id=int(parent.trace_id, 16),
            span_id=int(parent.span_id, 16),
            is_remote=True,
            trace_flags=trace.TraceFlags(int(parent.flags, 16)),
        )
