"""What a relay says of itself: numbers that are what happened, spans that continue traces."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

import msgspec
import pytest

from eventstore.errors import EventStoreError, PublishRefused, PublishUnanswered, StoreUnavailable
from eventstore.event import Event, RecordedEvent
from eventstore.memory import MemoryEventStore
from eventstore.postgres.store import PostgresEventStore
from eventstore.relay.measured import MeasuredPublisher, RelayMetrics, observe
from eventstore.relay.ports import LastMessage, StreamState
from eventstore.stream import ANY, Position, stream_name
from eventstore.tracing import open_spans
from eventstore.wire_bytes import WireBytes
from tests.support.recorded import log, recorded
from tests.support.relaying import messages, until

COMMAND = Path(sys.executable).parent / "eventstore"
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Stream:
    """A stream at a sequence, which fails as it is told to."""

    def __init__(self, last: int = 0) -> None:
        self.last = last
        self.failure: EventStoreError | None = None

    async def inspect(self) -> StreamState | None:
        last = LastMessage(position=Position(self.last), event_id=None)
        return StreamState(last_sequence=self.last, last=last)

    async def create(self) -> None:
        pass

    async def replace(self, reason: str) -> None:
        self.last = len(reason) * 0

    async def publish(self, messages: Sequence[WireBytes]) -> None:
        if self.failure is not None:
            raise self.failure
        self.last = messages[-1].position


def samples(metrics: RelayMetrics) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in metrics.text().splitlines() if line[0] != "#"]
    return {name.removesuffix("{}"): float(value) for name, _, value in lines}


async def test_the_numbers_are_what_happened() -> None:
    metrics, inner = RelayMetrics(), Stream()
    ticks = iter(range(100))
    stream = MeasuredPublisher(inner, metrics, clock=lambda: next(ticks) * 0.002)
    with metrics.acquiring():
        pass
    await stream.create()
    await stream.inspect()
    await stream.publish(messages(log(3)))
    for failure in (
        PublishRefused(4, 9, "wrong last sequence: 9"),
        PublishRefused(4, None, "no stream takes it"),
        PublishUnanswered(4, 5.0),
    ):
        inner.failure = failure
        with pytest.raises(type(failure)):
            await stream.publish(messages(log(5)[3:]))
    metrics.saw(Position(7), 1.5)
    found = samples(metrics)
    assert found['relay_publishes_total{result="ok"}'] == 1
    assert found['relay_publishes_total{result="PublishRefused"}'] == 2
    assert found['relay_publishes_total{result="PublishUnanswered"}'] == 1
    assert found["relay_fenced_total"] == 1
    assert found["relay_events_total"] == 3
    assert found["relay_streams_made_total"] == 1
    assert found['relay_batch_events_count{what="publish"}'] == 4
    assert found['relay_publish_seconds_bucket{what="publish",le="0.0025"}'] == 4
    assert found["relay_leading"] == 1
    assert found["relay_position"] == 3
    assert found["relay_head_position"] == 7
    assert found["relay_lag_events"] == 4
    assert found["relay_lag_seconds"] == 1.5
    inner.last = 1  # it went back
    await stream.inspect()
    assert samples(metrics)["relay_lag_events"] == 6


async def test_what_is_not_known_is_not_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eventstore.relay.measured._STANDS_BY_SECONDS", 0.0)
    metrics = RelayMetrics()
    metrics.saw(Position(7), 0.5)
    assert "relay_lag_events" not in samples(metrics), "it does not lead"
    with metrics.acquiring():
        pass
    assert "relay_lag_events" not in samples(metrics), "the stream was not looked at"
    await MeasuredPublisher(Stream(7), metrics).inspect()
    assert samples(metrics)["relay_lag_events"] == 0
    metrics.unseen()
    assert "relay_lag_events" not in samples(metrics), "the log cannot be asked"
    assert samples(metrics)["relay_position"] == 7
    with metrics.acquiring():
        await asyncio.sleep(0.01)
        assert samples(metrics)["relay_leading"] == 0, "another one has the lease"
        assert "relay_position" not in samples(metrics)
    assert samples(metrics)["relay_leading"] == 1


class Ended(Exception):
    """Ends what never ends."""


class Gone(MemoryEventStore):
    async def head(self) -> Position:
        raise StoreUnavailable("gone")


async def test_the_lag_is_measured_against_the_log() -> None:
    metrics, store = RelayMetrics(), MemoryEventStore()
    for _ in range(3):
        await store.append(stream_name("s-1"), [Event(type="t")], expected=ANY)
    recorded_at = [event.recorded_at.timestamp() for event in await store.read_log()]
    with metrics.acquiring():
        pass
    waits = 0

    async def sleep(_: float) -> None:
        nonlocal waits
        waits += 1
        if waits == 1:
            assert "relay_lag_events" not in samples(metrics)
            metrics.relayed = Position(1)
        elif waits == 2:
            assert samples(metrics)["relay_lag_events"] == 2
            assert samples(metrics)["relay_lag_seconds"] == pytest.approx(5.0, abs=1e-3)
            metrics.relayed = Position(3)
        else:
            assert samples(metrics)["relay_lag_events"] == 0
            assert samples(metrics)["relay_lag_seconds"] == 0
            raise Ended

    with pytest.raises(Ended):
        await observe(metrics, store, sleep=sleep, clock=lambda: recorded_at[1] + 5.0)

    async def stop(_: float) -> None:
        raise Ended

    with pytest.raises(Ended):
        await observe(metrics, Gone(), sleep=stop)
    assert "relay_lag_events" not in samples(metrics)


def traced(event: RecordedEvent) -> RecordedEvent:
    parent = f"00-{TRACE}-{event.position:016x}-01"
    return msgspec.structs.replace(event, metadata={"traceparent": parent})


async def test_spans_continue_the_traces_of_the_events() -> None:
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="OpenTelemetry is not installed")
    export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    processor = pytest.importorskip("opentelemetry.sdk.trace.export").SimpleSpanProcessor
    exporter = export.InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(processor(exporter))
    spans = open_spans("test")
    assert spans is not None
    spans._tracer = provider.get_tracer("test")
    stream = MeasuredPublisher(Stream(), RelayMetrics(), spans=spans)
    await stream.publish(messages([traced(recorded(1))]))
    await stream.publish(messages([traced(recorded(2)), recorded(3), traced(recorded(4))]))
    alone, together = exporter.get_finished_spans()
    assert f"{alone.context.trace_id:032x}" == TRACE, "one trace from the append"
    assert alone.parent.span_id == 1
    assert together.parent is None
    assert [link.context.span_id for link in together.links] == [2, 4]
    assert together.attributes["relay.last_position"] == 4


@pytest.mark.stack
async def test_a_running_relay_serves_its_numbers(store_url: str, nats_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        await store.append(stream_name("s-1"), [Event(type="t")] * 1, expected=ANY)
    urls = ("--database-url", store_url, "--nats-url", nats_url)
    process = await asyncio.create_subprocess_exec(
        COMMAND, "relay", "run", *urls, "--metrics-port", "0", stderr=subprocess.PIPE
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(30):
            while b"metrics at " not in (line := await process.stderr.readline()):
                assert line, "it ended"
            url = line.decode().split(" at ")[1].strip()

        async def measured() -> bool:
            text = await asyncio.to_thread(_get, url)
            wanted = ("relay_events_total 1", "relay_head_position{} 1", "relay_lag_events{} 0")
            return all(line in text for line in wanted)

        await until(measured)
    finally:
        process.terminate()
        await process.wait()


def _get(url: str) -> str:
    with urlopen(url) as answer:  # noqa: S310 - our own
        text: str = answer.read().decode()
        return text
