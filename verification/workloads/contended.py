"""The workload of the demo: a few contended streams, every kind of request, from one seed.

A generator is one client's mind: it knows what its own answers told it and nothing else, so its
expected versions are right, late or wrong as a real caller's would be. Given the same seed and the
same answers it asks the same questions. It does no I/O and reads no clock.

Reads mostly start near what the client knows, and every page has a limit, so that a history stays
linear in its traffic.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec

from checker import Outcome
from eventstore import (
    ABSENT,
    ANY,
    EXISTS,
    Event,
    ExpectedVersion,
    StreamName,
    StreamVersion,
    stream_name,
)
from verification.workloads.requests import (
    Append,
    ReadHead,
    ReadLog,
    ReadStream,
    ReadVersion,
    Reply,
    Request,
)

__all__ = ["ContendedWorkload", "Traffic", "streams_of"]

BATCH_EVENTS_MAX: Final = 3
DOUBTFUL_MAX: Final = 8
RETRY_PROBABILITY: Final = 0.5
PAGE_LIMIT: Final = 10
TAIL_LIMIT: Final = 100
EVENT_TYPES: Final = ("placed", "paid", "shipped", "returned")


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """How much of it: streams that everybody wants, streams that hardly anybody has, and pauses.

    ``think_seconds`` is the mean of the exponential pause between two requests of a client.
    """

    hot_streams: int = 5
    cold_streams: int = 40
    think_seconds: float = 0.04


def streams_of(traffic: Traffic) -> tuple[StreamName, ...]:
    """Name every stream that a client of this traffic may touch."""
    hot = [stream_name(f"order-{n}") for n in range(1, traffic.hot_streams + 1)]
    cold = [stream_name(f"signup-{n}") for n in range(1, traffic.cold_streams + 1)]
    return (*hot, *cold)


class ContendedWorkload:
    """Choose one client's requests, from a seed and from what the client was answered."""

    def __init__(self, seed: int, client: int, traffic: Traffic) -> None:
        self._random = random.Random(f"contended/{seed}/{client}")  # noqa: S311  # a workload
        self._traffic = traffic
        streams = streams_of(traffic)
        self._hot = streams[: traffic.hot_streams]
        self._cold = streams[traffic.hot_streams :]
        self._versions: dict[StreamName, int] = {}
        self._position = 0
        self._doubtful: deque[Append] = deque(maxlen=DOUBTFUL_MAX)
        self._acknowledged: deque[Append] = deque(maxlen=DOUBTFUL_MAX)
        self._choices: tuple[tuple[Callable[[], Request], int], ...] = (
            (self._append_as_known, 22),
            (self._append_stale, 5),
            (self._append_any, 9),
            (self._append_existing, 5),
            (self._append_absent, 6),
            (self._repeat_acknowledged, 2),
            (self._read_tail, 20),
            (self._read_page, 8),
            (self._read_log_tail, 9),
            (self._read_log_page, 3),
            (self._read_version, 7),
            (self._read_head, 4),
        )

    def think_seconds(self) -> float:
        """How long the client pauses before its next request."""
        return self._random.expovariate(1 / self._traffic.think_seconds)

    def next(self) -> Request:
        """Choose the next request; an append with an unknown outcome is soon repeated."""
        if self._doubtful and self._random.random() < RETRY_PROBABILITY:
            return self._doubtful.popleft()
        makers = [maker for maker, _ in self._choices]
        weights = [weight for _, weight in self._choices]
        return self._random.choices(makers, weights)[0]()

    def learn(self, request: Request, reply: Reply) -> None:
        """Take note of what a request was answered."""
        match request:
            case Append():
                self._learn_append(request, reply)
            case ReadStream() if reply.outcome is Outcome.OK and reply.output["events"]:
                version, _, position = reply.output["events"][-1]
                self._know(request.stream, version)
                self._position = max(self._position, position)
            case ReadVersion() if reply.outcome is Outcome.OK:
                self._know(request.stream, reply.output)
            case ReadLog() if reply.outcome is Outcome.OK:
                for position, stream, version, _ in reply.output["events"]:
                    self._know(StreamName(stream), version)
                    self._position = max(self._position, position)
            case ReadHead() if reply.outcome is Outcome.OK:
                self._position = max(self._position, reply.output)

    def _learn_append(self, append: Append, reply: Reply) -> None:
        if reply.outcome is Outcome.OK:
            self._know(append.stream, reply.output["version"])
            self._position = max(self._position, reply.output["position"])
            self._acknowledged.append(append)
        elif reply.outcome is Outcome.INFO:
            self._doubtful.append(append)
        elif reply.error is not None and reply.error.get("actual") is not None:
            self._know(append.stream, reply.error["actual"])

    def _know(self, stream: StreamName, version: int) -> None:
        self._versions[stream] = max(self._versions.get(stream, 0), version)

    def _append(self, stream: StreamName, expected: ExpectedVersion) -> Append:
        events = tuple(
            Event(
                id=UUID(int=self._random.getrandbits(128), version=4),
                type=self._random.choice(EVENT_TYPES),
                data={"amount": self._random.randint(1, 100)},
            )
            for _ in range(self._random.randint(1, BATCH_EVENTS_MAX))
        )
        return Append(stream=stream, events=events, expected=expected)

    def _append_as_known(self) -> Request:
        stream = self._random.choice(self._hot)
        return self._append(stream, StreamVersion(self._versions.get(stream, 0)))

    def _append_stale(self) -> Request:
        stream = self._random.choice(self._hot)
        late = self._versions.get(stream, 0) - self._random.randint(1, 3)
        return self._append(stream, StreamVersion(max(0, late)))

    def _append_any(self) -> Request:
        return self._append(self._random.choice(self._hot), ANY)

    def _append_existing(self) -> Request:
        return self._append(self._random.choice((*self._hot, *self._cold)), EXISTS)

    def _append_absent(self) -> Request:
        return self._append(self._random.choice(self._cold), ABSENT)

    def _repeat_acknowledged(self) -> Request:
        if not self._acknowledged:
            return self._append_any()
        return self._random.choice(self._acknowledged)

    def _read_tail(self) -> Request:
        stream = self._random.choice((*self._hot, self._random.choice(self._cold)))
        after = max(0, self._versions.get(stream, 0) - self._random.randint(0, 5))
        return ReadStream(stream=stream, after=after, limit=TAIL_LIMIT)

    def _read_page(self) -> Request:
        stream = self._random.choice(self._hot)
        after = self._random.randint(0, self._versions.get(stream, 0))
        return ReadStream(stream=stream, after=after, limit=PAGE_LIMIT)

    def _read_log_tail(self) -> Request:
        after = max(0, self._position - self._random.randint(0, 10))
        return ReadLog(after=after, limit=TAIL_LIMIT)

    def _read_log_page(self) -> Request:
        return ReadLog(after=self._random.randint(0, self._position), limit=PAGE_LIMIT)

    def _read_version(self) -> Request:
        return ReadVersion(stream=self._random.choice((*self._hot, *self._cold)))

    def _read_head(self) -> Request:
        return ReadHead()
