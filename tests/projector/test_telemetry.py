"""What a projector says of itself: numbers that are what happened, spans that continue traces."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import msgspec
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from eventstore.causation import EventContext
from eventstore.event import Event, RecordedEvent
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import ANY, Position, stream_name
from projector import projector
from projector.errors import CheckpointConflict, ProjectionFailed
from projector.lag import Lag, LagState
from projector.memory import MemoryReadModel
from projector.parking import AsideState, Cause
from projector.projections.stream_totals import StreamTotals
from projector.telemetry import MeasuredReadModel, ProjectorMetrics, Spans, parents_of
from projector.tracing import open_spans
from tests.support import projecting as support
from tests.support import relaying
from tests.support.recorded import log, recorded
from tests.support.seeded import seeded

COMMAND = Path(sys.executable).parent / "projector"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def traced(event: RecordedEvent) -> RecordedEvent:
    parent = f"00-{TRACE}-{event.position:016x}-01"
    return msgspec.structs.replace(event, metadata={"traceparent": parent})


class Recorder:
    """Keeps the spans that were asked for."""

    def __init__(self) -> None:
        self.made: list[tuple[str, list[str], dict[str, Any]]] = []
        self.ended: list[str] = []

    def applying(
        self, projection: str, parents: Sequence[str], attributes: dict[str, Any]
    ) -> AbstractContextManager[None]:
        self.made.append((projection, list(parents), attributes))

        @contextmanager
        def span() -> Iterator[None]:
            try:
                yield
                self.ended.append("ok")
            except Exception as error:
                self.ended.append(type(error).__name__)
                raise

        return span()


def samples(text: str) -> dict[str, float]:
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


async def test_the_numbers_are_what_happened() -> None:
    def apply(events: Sequence[RecordedEvent]) -> None:
        if any(event.position == 4 for event in events):
            raise LookupError

    ticks = iter(range(100))
    metrics, spans = ProjectorMetrics(), Recorder()
    inner = MemoryReadModel("p", apply=apply)
    model = MeasuredReadModel(inner, metrics, spans=spans, clock=lambda: next(ticks) * 0.002)
    start = await model.checkpoint()
    events = [traced(recorded(1)), recorded(2), traced(recorded(3)), recorded(4)]
    reached = await model.commit(events[:3], start)
    with pytest.raises(CheckpointConflict):
        await model.commit(events[:3], start)
    with pytest.raises(ProjectionFailed):
        await model.commit(events[3:], reached)
    cause = Cause.of(ProjectionFailed("p", events[3:], "no"))
    await model.set_aside(events[3], reached, AsideState.PARKED, cause, 1)
    await model.halted(Position(5), cause)
    assert inner.halts == [(5, cause)]
    found = samples(metrics.text())
    assert found['projector_commits_total{result="ok"}'] == 1
    assert found['projector_commits_total{result="CheckpointConflict"}'] == 1
    assert found['projector_commits_total{result="ProjectionFailed"}'] == 1
    assert found['projector_events_total{what="committed"}'] == 3
    assert found['projector_events_total{what="parked"}'] == 1
    assert found['projector_batch_events_bucket{what="commit",le="2"}'] == 0
    assert found['projector_batch_events_bucket{what="commit",le="5"}'] == 1
    assert found['projector_commit_seconds_count{what="commit"}'] == 3
    assert found['projector_position{projection="p",generation="1"}'] == 4
    assert spans.ended == ["ok", "CheckpointConflict", "ProjectionFailed"]
    assert spans.made[0] == (
        "p",
        [f"00-{TRACE}-{1:016x}-01", f"00-{TRACE}-{3:016x}-01"],
        {"projector.events": 3, "projector.first_position": 1, "projector.last_position": 3},
    )


def test_what_was_measured_becomes_gauges() -> None:
    metrics = ProjectorMetrics()
    of = '{projection="p",generation="2"'
    lag = Lag(
        projection="p",
        generation=2,
        active=True,
        state=LagState.INCOMPLETE,
        checkpoint=Position(7),
        head=Position(9),
        lag=5,
        lag_seconds=1.5,
        hole=None,
        last_sequence=None,
        stream_holes=None,
        parked=1,
        held=2,
        skipped=3,
        halted_at=None,
        last_error=None,
    )
    metrics.saw(lag)
    metrics.saw(msgspec.structs.replace(lag, head=None, lag=None, lag_seconds=None, parked=0))
    found = samples(metrics.text())
    assert found[f"projector_lag_events{of}}}"] == 5, "what was not asked stays as it was"
    assert found[f"projector_lag_seconds{of}}}"] == 1.5
    assert found[f"projector_head_position{of}}}"] == 9
    states = {
        state: found[f'projector_set_aside_events{of},state="{state}"}}'] for state in AsideState
    }
    assert states == {"parked": 0, "held": 2, "skipped": 3}


def test_a_parent_is_text() -> None:
    odd = msgspec.structs.replace(recorded(1), metadata={"traceparent": 7})
    assert parents_of([odd, *log(1)]) == []


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Spans:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    spans: Any = open_spans()
    assert spans is not None
    spans._spans._tracer = provider.get_tracer("test")
    made: Spans = spans
    return made


def test_spans_continue_the_trace_of_the_event(
    exporter: InMemorySpanExporter, spans: Spans
) -> None:
    parents = parents_of([traced(event) for event in log(3)])
    with spans.applying("p", parents[:1], {"projector.events": 1}):
        pass
    with spans.applying("p", [*parents, parents[0], "nonsense"], {"projector.events": 5}):
        pass
    one, batch = exporter.get_finished_spans()
    assert one.context is not None
    assert one.parent is not None
    assert (f"{one.context.trace_id:032x}", one.parent.span_id) == (TRACE, 1)
    assert batch.parent is None
    assert [link.context.span_id for link in batch.links] == [1, 2, 3]


@pytest.mark.stack
async def test_one_trace_goes_from_the_append_to_the_applied_change(
    store_url: str, nats_url: str, exporter: InMemorySpanExporter, spans: Spans
) -> None:
    opened = support.projector_session(store_url, nats_url, projection=StreamTotals())

    @asynccontextmanager
    async def session() -> AsyncIterator[projector.Session]:
        async with opened() as one:
            model = MeasuredReadModel(one.read_model, ProjectorMetrics(), spans=spans)
            yield msgspec.structs.replace(one, read_model=model)

    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
        relaying.running(projector.run(session, random=seeded(1))),
    ):
        context = EventContext.start(traceparent=f"00-{TRACE}-00000000000000aa-01")
        event = Event(type="placed", metadata=context.metadata())
        await store.append(stream_name("order-1"), [event], expected=ANY)
        await support.projected(store_url, 1)
    (applied,) = exporter.get_finished_spans()
    assert applied.context is not None
    assert applied.parent is not None
    assert (f"{applied.context.trace_id:032x}", applied.parent.span_id) == (TRACE, 0xAA)
    assert applied.name == "apply stream-totals"


@pytest.mark.stack
async def test_a_running_projector_is_scraped(store_url: str, nats_url: str) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
    ):
        await relaying.relayed(nats_url, await relaying.append(store, 5))
        urls = ("--database-url", store_url, "--nats-url", nats_url, "--metrics-port", "0")
        process = await asyncio.create_subprocess_exec(
            COMMAND, "run", "stream-totals", *urls, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        line = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
        url = line.rpartition(" ")[2].strip()
        assert line.startswith("metrics at http://127.0.0.1:")
        await support.projected(store_url, 5)

        async def measured() -> bool:
            found = samples(await asyncio.to_thread(scrape, url))
            of = '{projection="stream-totals",generation="1"'
            lag, head = (found.get(f"projector_{n}{of}}}") for n in ("lag_events", "head_position"))
            return (lag, head, found.get('projector_events_total{what="committed"}')) == (0, 5, 5)

        try:
            await relaying.until(measured)
        finally:
            process.terminate()
            await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 143


def scrape(url: str) -> str:
    with urlopen(url, timeout=10) as answer:  # noqa: S310 - our own, on the loopback
        text: str = answer.read().decode()
        return text
