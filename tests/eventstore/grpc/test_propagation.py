"""One trace from a client to the store behind a server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Tracer

from eventstore import ABSENT, stream_name
from eventstore.grpc.client import GrpcEventStore
from eventstore.grpc.propagation import continued, trace_metadata
from eventstore.grpc.server import serve
from eventstore.measured import MeasuredEventStore
from eventstore.memory import MemoryEventStore
from eventstore.metrics import StoreMetrics
from eventstore.store import EventStore
from tests.support.stores import events

ORDER = stream_name("order-1")


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracer(spans: InMemorySpanExporter) -> Tracer:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return provider.get_tracer("test")


@pytest.fixture
async def client(tracer: Tracer, spans: InMemorySpanExporter) -> AsyncIterator[EventStore]:
    served = MeasuredEventStore(MemoryEventStore(), StoreMetrics(), tracer=tracer)
    async with (
        serve(served) as port,
        GrpcEventStore.connect(f"grpc://127.0.0.1:{port}", timeout_seconds=5.0) as store,
    ):
        spans.clear()
        yield store


def named(finished: Sequence[ReadableSpan], name: str) -> ReadableSpan:
    (span,) = [span for span in finished if span.name == name]
    return span


async def test_what_a_server_does_is_in_the_trace_of_who_asked(
    client: EventStore, tracer: Tracer, spans: InMemorySpanExporter
) -> None:
    with tracer.start_as_current_span("order"):
        await client.append(ORDER, events(2), expected=ABSENT)
        await client.read_stream(ORDER)
    finished = spans.get_finished_spans()
    asked = named(finished, "order")
    for done in ("eventstore.append", "eventstore.read_stream"):
        span = named(finished, done)
        assert span.parent is not None
        assert span.parent.is_remote
        assert span.parent.span_id == asked.context.span_id
        assert span.context.trace_id == asked.context.trace_id


async def test_without_a_trace_a_server_begins_one(
    client: EventStore, spans: InMemorySpanExporter
) -> None:
    assert trace_metadata() == ()
    await client.head()
    assert named(spans.get_finished_spans(), "eventstore.head").parent is None


@pytest.mark.parametrize(
    "metadata", [None, [], [("traceparent", "nonsense")], [("traceparent", b"\xff")], [("a", "b")]]
)
def test_a_trace_that_is_none_is_passed_over(
    metadata: list[tuple[str, str | bytes]] | None, tracer: Tracer, spans: InMemorySpanExporter
) -> None:
    with continued(metadata), tracer.start_as_current_span("alone"):
        pass
    assert named(spans.get_finished_spans(), "alone").parent is None


def test_a_trace_is_continued_within_the_block_only(tracer: Tracer) -> None:
    with tracer.start_as_current_span("before"):
        sent = trace_metadata()
    assert dict(sent).keys() == {"traceparent"}
    with continued(sent):
        assert trace_metadata() == sent
    assert trace_metadata() == ()
