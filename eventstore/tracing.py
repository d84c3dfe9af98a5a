"""Spans that follow events, with OpenTelemetry where it is installed.

Who configures OpenTelemetry says where spans go. It is no dependency of ours: `open_spans` returns
null without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

from eventstore.causation import TraceParent

__all__ = ["FollowingSpans", "open_spans"]

_LINKS_MAX: Final = 128
"""OpenTelemetry's own limit of the links of a span."""


def open_spans(name: str) -> FollowingSpans | None:
    """Return what makes spans of a tracer of that name, null without OpenTelemetry."""
    try:
        from opentelemetry import trace  # noqa: PLC0415 - not a dependency of ours
    except ImportError:
        return None
    return FollowingSpans(trace, name)


class FollowingSpans:
    """Makes spans of what is done with events. Made by `open_spans`."""

    def __init__(self, trace: Any, name: str) -> None:
        self._trace = trace
        self._tracer = trace.get_tracer(name)

    def span(
        self,
        name: str,
        kind: str,
        parents: Sequence[str],
        *,
        events: int,
        attributes: Mapping[str, Any],
    ) -> AbstractContextManager[Any]:
        """Make a span for the length of a block.

        Args:
            name: What is done.
            kind: ``PRODUCER`` or ``CONSUMER``.
            parents: The ``traceparent`` of each event that has one.
            events: How many events there are. Of a single one the span is a child, so that one
                trace goes from its append to here; to several it is linked.
            attributes: What else is said of it.
        """
        trace = self._trace
        named = dict.fromkeys(parents)  # each once, in order
        contexts = [
            self._context(parsed) for parsed in map(TraceParent.parse, named) if parsed is not None
        ]
        parent = None
        if len(contexts) == events == 1:
            parent = trace.set_span_in_context(trace.NonRecordingSpan(contexts[0]))
        links = [] if parent else [trace.Link(context) for context in contexts[:_LINKS_MAX]]
        span: AbstractContextManager[Any] = self._tracer.start_as_current_span(
            name,
            context=parent,
            kind=trace.SpanKind[kind],
            attributes={"messaging.system": "trueorder", **attributes},
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
