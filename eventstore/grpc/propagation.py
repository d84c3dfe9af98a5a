"""One trace from a client to the store behind a server: W3C Trace Context in a call's metadata.

With OpenTelemetry on both sides, the spans that a server makes of a call are children of the span
that was current where the call was made. It is no dependency of ours: without it nothing is sent,
and what is sent is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

try:
    from opentelemetry import context as otel_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:
    _INSTALLED = False
else:
    _INSTALLED = True

__all__ = ["continued", "trace_metadata"]

_KEYS: Final = frozenset({"traceparent", "tracestate"})


def trace_metadata() -> tuple[tuple[str, str], ...]:
    """Return what a call is sent with so that it continues the current trace, if there is one."""
    if not _INSTALLED:
        return ()
    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return tuple(carrier.items())


@contextmanager
def continued(metadata: Iterable[tuple[str, str | bytes]] | None) -> Iterator[None]:
    """Continue the trace that a call was sent with, for the length of a ``with`` block."""
    carrier = {
        key: value for key, value in metadata or () if key in _KEYS and isinstance(value, str)
    }
    if not (_INSTALLED and carrier):
        yield
        return
    before = otel_context.attach(TraceContextTextMapPropagator().extract(carrier))
    try:
        yield
    finally:
        otel_context.detach(before)
