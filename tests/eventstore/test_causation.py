from __future__ import annotations

import msgspec
import pytest

from eventstore import wire
from eventstore.causation import EventContext, TraceParent
from tests.support.recorded import recorded

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
HEADER = f"00-{TRACE}-{SPAN}-01"


def test_a_traceparent_is_read_and_written() -> None:
    assert TraceParent.parse(HEADER) == TraceParent(TRACE, SPAN, "01")
    assert str(TraceParent(TRACE, SPAN, "00")) == f"00-{TRACE}-{SPAN}-00"
    # A later version may have more fields, which are to be ignored.
    assert TraceParent.parse(f"cc-{TRACE}-{SPAN}-01-what-ever") == TraceParent(TRACE, SPAN, "01")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f" 00-{TRACE}-{SPAN}-01",
    ],
)
def test_a_traceparent_that_is_none_is_ignored(header: str) -> None:
    assert TraceParent.parse(header) is None
    context = EventContext.start(traceparent=header, tracestate="a=1")
    assert (context.traceparent, context.tracestate) == (None, None)


def test_spans_of_a_trace() -> None:
    begun = TraceParent.start(lambda count: "ab" * count)
    assert str(begun) == f"00-{'ab' * 16}-{'ab' * 8}-01"
    child = TraceParent(TRACE, SPAN, "00").child(lambda count: "cd" * count)
    assert child == TraceParent(TRACE, "cd" * 8, "00")
    assert TraceParent.start() != TraceParent.start()


def test_what_is_begun_can_be_read() -> None:
    for _ in range(100):
        begun = TraceParent.start()
        child = begun.child()
        assert TraceParent.parse(str(begun)) == begun
        assert TraceParent.parse(str(child)) == child
        assert (child.trace_id, child.flags) == (begun.trace_id, begun.flags)
        assert child.span_id != begun.span_id


def test_a_chain_of_causes() -> None:
    start = EventContext.start(correlation_id="request-7", traceparent=HEADER, tracestate="a=1")
    assert start.metadata(by="zoë", causation_id="mine") == {
        "by": "zoë",
        "causation_id": "mine",
        "correlation_id": "request-7",
        "traceparent": HEADER,
        "tracestate": "a=1",
    }
    first = msgspec.structs.replace(recorded(1), metadata=start.metadata())
    second = EventContext.following(first)
    assert second.metadata() == {
        "correlation_id": "request-7",
        "causation_id": str(first.id),
        "traceparent": HEADER,
        "tracestate": "a=1",
    }
    third = EventContext.following(msgspec.structs.replace(recorded(2), metadata=second.metadata()))
    assert (third.correlation_id, third.causation_id) == ("request-7", str(recorded(2).id))


def test_an_event_without_a_context_begins_one() -> None:
    cause = msgspec.structs.replace(recorded(1), metadata={"correlation_id": 7, "traceparent": []})
    context = EventContext.following(cause)
    assert context.metadata() == {"correlation_id": str(cause.id), "causation_id": str(cause.id)}
    assert EventContext.start().correlation_id != EventContext.start().correlation_id


def test_the_relay_passes_the_trace_on() -> None:
    context = EventContext.start(traceparent=HEADER)
    event = msgspec.structs.replace(recorded(1), metadata=context.metadata())
    assert wire.encode(event).headers["traceparent"] == HEADER
