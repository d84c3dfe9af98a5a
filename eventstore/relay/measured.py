"""What a relay did, in numbers for Prometheus and in spans for OpenTelemetry.

A publish of one event is a span of the trace that the event's ``traceparent`` names; one of several
is a span of its own, with a link to the trace of each.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final, NoReturn

from eventstore.errors import EventStoreError, PublishRefused
from eventstore.metrics import Counter, Gauge, Histogram
from eventstore.relay.ports import LogReader, StreamPublisher, StreamState
from eventstore.stream import Position
from eventstore.tracing import FollowingSpans
from eventstore.wire_bytes import WireBytes

__all__ = ["MeasuredPublisher", "RelayMetrics", "observe"]

_BATCHES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_EVERY_SECONDS: Final = 1.0
_STANDS_BY_SECONDS: Final = 1.0
_TRACEPARENT: Final = re.compile(rb"^traceparent: ([^\r\n]*)\r\n", re.MULTILINE)


class RelayMetrics:
    """The numbers of one relay.

    ``relayed`` is the last position that was seen on the stream, null before it was looked at.
    ``leads`` says whether this relay is the one that relays: one that stands by says nothing of
    positions and of a lag, one that leads and has lost NATS does.
    """

    def __init__(self) -> None:
        self.relayed: Position | None = None
        self.leads = False
        self._publishes = Counter(
            "relay_publishes_total",
            "Publishes by ok or the name of the error. PublishRefused: somebody else published, or "
            "the stream went back; the relay looks and goes on.",
            ("result",),
        )
        self._fenced = Counter(
            "relay_fenced_total",
            "Publishes that the stream refused since its last message was not the predecessor.",
        )
        self._events = Counter("relay_events_total", "Events that were acknowledged.")
        self._streams = Counter("relay_streams_made_total", "How often the stream was made.")
        self._seconds = Histogram(
            "relay_publish_seconds", "How long it took until all was acknowledged.", "what"
        )
        self._batch = Histogram(
            "relay_batch_events", "How many events a publish had.", "what", bounds=_BATCHES
        )
        self._lag: tuple[Position, float] | None = None

    @contextmanager
    def acquiring(self) -> Iterator[None]:
        """While this relay waits to be the one that relays, which it is afterwards.

        If that takes long, another one relays meanwhile.
        """
        loop = asyncio.get_running_loop()
        standing_by = loop.call_later(_STANDS_BY_SECONDS, self._stand_by)
        try:
            yield
        finally:
            standing_by.cancel()
        self.leads = True

    def _stand_by(self) -> None:
        self.leads = False

    def published(self, events: int, seconds: float, error: EventStoreError | None) -> None:
        """Take note of a publish."""
        self._publishes.add("ok" if error is None else type(error).__name__)
        self._seconds.observe("publish", seconds)
        self._batch.observe("publish", events)
        if error is None:
            self._events.add(amount=events)
        elif isinstance(error, PublishRefused) and error.last_sequence is not None:
            self._fenced.add()

    def made(self) -> None:
        """Take note that the stream was made."""
        self._streams.add()

    def saw(self, head: Position, lag_seconds: float) -> None:
        """Take note of where the log ends, and how long its first unrelayed event waits."""
        self._lag = head, lag_seconds

    def unseen(self) -> None:
        """Take note that the log cannot be asked."""
        self._lag = None

    def text(self) -> str:
        """The exposition of all of them."""
        parts: list[Counter | Gauge | Histogram] = [
            self._publishes,
            self._fenced,
            self._events,
            self._streams,
            self._seconds,
            self._batch,
            _gauge("relay_leading", "1 if this relay relays, 0 if it stands by.", self.leads),
        ]
        if self.leads and self.relayed is not None:
            parts.append(_gauge("relay_position", "The stream's last position.", self.relayed))
            if self._lag is not None:
                head, seconds = self._lag
                lag = max(0, head - self.relayed)
                parts += [
                    _gauge("relay_head_position", "The log's last position.", head),
                    _gauge("relay_lag_events", "Events that the stream lacks.", lag),
                    _gauge("relay_lag_seconds", "How long ago the first was recorded.", seconds),
                ]
        return "".join(f"{line}\n" for part in parts for line in part.lines())


def _gauge(name: str, text: str, value: float) -> Gauge:
    gauge = Gauge(name, text, ())
    gauge.set(value)
    return gauge


class MeasuredPublisher:
    """A publisher that counts, times and traces what another one does; see `StreamPublisher`."""

    def __init__(
        self,
        inner: StreamPublisher,
        metrics: RelayMetrics,
        *,
        spans: FollowingSpans | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._inner = inner
        self._metrics = metrics
        self._spans = spans
        self._clock = clock

    async def inspect(self) -> StreamState | None:
        """Say where the stream is; see `StreamPublisher`."""
        state = await self._inner.inspect()
        self._metrics.relayed = Position(0 if state is None else state.last_sequence)
        return state

    async def create(self) -> None:
        """Create the stream; see `StreamPublisher`."""
        await self._inner.create()
        self._metrics.made()

    async def replace(self, reason: str) -> None:
        """Delete the stream and create it anew; see `StreamPublisher`."""
        await self._inner.replace(reason)
        self._metrics.made()

    async def publish(self, messages: Sequence[WireBytes]) -> None:
        """Publish events and await their acknowledgements; see `StreamPublisher`."""
        begun = self._clock()
        failure: EventStoreError | None = None
        try:
            with self._span(messages):
                await self._inner.publish(messages)
        except EventStoreError as error:
            failure = error
            raise
        finally:
            self._metrics.published(len(messages), self._clock() - begun, failure)
        self._metrics.relayed = max(self._metrics.relayed or Position(0), messages[-1].position)

    def _span(self, messages: Sequence[WireBytes]) -> AbstractContextManager[Any]:
        if self._spans is None:
            return nullcontext()
        found = (_TRACEPARENT.search(message.headers) for message in messages)
        return self._spans.span(
            "relay",
            "PRODUCER",
            [parent[1].decode("utf-8", "replace") for parent in found if parent is not None],
            events=len(messages),
            attributes={
                "relay.events": len(messages),
                "relay.first_position": messages[0].position,
                "relay.last_position": messages[-1].position,
            },
        )


async def observe(
    metrics: RelayMetrics,
    log: LogReader,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = time.time,
) -> NoReturn:
    """Measure the lag against the log itself, every second, for ever.

    Args:
        metrics: Told what is found. What cannot be asked is not guessed: it is left out.
        log: Where the log ends, and its first event that is not on the stream.
        sleep: Lets time pass.
        clock: Seconds since 1970, by the clock that the database's agrees with.
    """
    while True:
        try:
            await _look(metrics, log, clock)
        except EventStoreError:
            metrics.unseen()
        await sleep(_EVERY_SECONDS)


async def _look(metrics: RelayMetrics, log: LogReader, clock: Callable[[], float]) -> None:
    relayed = metrics.relayed
    if relayed is None:
        return
    head = await log.head()
    waiting = await log.read_log(after=relayed, limit=1) if head > relayed else []
    since = clock() - waiting[0].recorded_at.timestamp() if waiting else 0.0
    metrics.saw(head, max(0.0, since))
