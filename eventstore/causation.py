"""Why an event happened: correlation, causation and trace context, kept in its metadata.

- ``correlation_id``: the conversation that it belongs to; the same for all that follows from one
  request.
- ``causation_id``: the id of the command or event that led to it directly.
- ``traceparent`` and ``tracestate``: W3C Trace Context (https://www.w3.org/TR/trace-context/); the
  relay passes the first on as a header of its own.

A handler that reacts to an event makes the context of what it appends by `EventContext.following`,
and the chain of causes can be followed back through the log.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any, Final

import msgspec

from eventstore.event import RecordedEvent, new_event_id

__all__ = ["EventContext", "TraceParent"]

CORRELATION_ID: Final = "correlation_id"
CAUSATION_ID: Final = "causation_id"
TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"

_TRACEPARENT_FORM: Final = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_SPAN_BYTES: Final = 8
_TRACE_BYTES: Final = 16


class TraceParent(msgspec.Struct, frozen=True):
    """The header ``traceparent``: which trace, which span of it is the parent, and flags."""

    trace_id: str
    span_id: str
    flags: str = "01"

    @classmethod
    def parse(cls, header: str) -> TraceParent | None:
        """Read a header; null if it is none, which W3C says to ignore."""
        match = _TRACEPARENT_FORM.fullmatch(header)
        if match is None or (match[1] == "00" and match[5] is not None):
            return None
        return cls(match[2], match[3], match[4])

    @classmethod
    def start(cls, random_hex: Callable[[int], str] = secrets.token_hex) -> TraceParent:
        """Begin a trace. ``random_hex`` returns the digits of so many random bytes."""
        return cls(random_hex(_TRACE_BYTES), random_hex(_SPAN_BYTES))

    def child(self, random_hex: Callable[[int], str] = secrets.token_hex) -> TraceParent:
        """Begin a new span of the same trace."""
        return TraceParent(self.trace_id, random_hex(_SPAN_BYTES), self.flags)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"


class EventContext(msgspec.Struct, frozen=True, kw_only=True):
    """What the events of one decision have in common about why they happened."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    tracestate: str | None = None

    @classmethod
    def start(
        cls,
        *,
        correlation_id: str | None = None,
        causation_id: str | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> EventContext:
        """Begin a conversation, say for a request from outside; makes what is not given.

        A ``traceparent`` that is none is left out, and its ``tracestate`` with it, as W3C says.
        """
        valid = traceparent is not None and TraceParent.parse(traceparent) is not None
        return cls(
            correlation_id=correlation_id or str(new_event_id()),
            causation_id=causation_id,
            traceparent=traceparent if valid else None,
            tracestate=tracestate if valid else None,
        )

    @classmethod
    def following(cls, cause: RecordedEvent) -> EventContext:
        """Continue the conversation of an event: what is appended now, happened because of it.

        An event without a correlation begins one, which is named after it.
        """
        return cls.start(
            correlation_id=_text(cause, CORRELATION_ID) or str(cause.id),
            causation_id=str(cause.id),
            traceparent=_text(cause, TRACEPARENT),
            tracestate=_text(cause, TRACESTATE),
        )

    def metadata(self, **more: Any) -> dict[str, Any]:
        """Return the metadata for an event: this context, and what else is given."""
        fields = {
            CORRELATION_ID: self.correlation_id,
            CAUSATION_ID: self.causation_id,
            TRACEPARENT: self.traceparent,
            TRACESTATE: self.tracestate,
        }
        return {**more, **{name: value for name, value in fields.items() if value is not None}}


def _text(event: RecordedEvent, field: str) -> str | None:
    value = event.metadata.get(field)
    return value if isinstance(value, str) else None
