"""Concurrent appends with boundaries and to several streams, and the judge of what came of them.

The log itself is the witness: positions are in commit order, so each answer is right or wrong given
what the log holds, and given what was acknowledged before the request was sent. The judge uses
neither the store's code nor its queries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from eventstore import (
    ABSENT,
    ANY,
    EXISTS,
    Appended,
    AppendRefused,
    Boundary,
    BoundaryCrossed,
    Event,
    EventStoreError,
    Expect,
    ExpectedVersion,
    Outcome,
    OutcomeUnknown,
    Position,
    Query,
    QueryItem,
    RecordedEvent,
    StoreUnavailable,
    StreamName,
    StreamVersion,
    Write,
    WrongExpectedVersion,
    stream_name,
)
from eventstore.store import EventStore
from tests.support.seeded import seeded

STREAMS = [stream_name(f"{category}-{n}") for category in ("order", "seat") for n in (1, 2, 3)]
TYPES = ("placed", "paid", "sent")
TAGS = ("t:1", "t:2", "t:3")
PAUSE_SECONDS = 0.02


@dataclass
class Attempt:
    """One request: what was asked, what was acknowledged before, what it was answered."""

    writes: Sequence[Write]
    boundary: Boundary | None
    acknowledged_before: int
    sent_at: int
    answered_at: int = 0
    answer: tuple[Appended, ...] | EventStoreError | None = None
    resolved: Outcome | None = None
    """What the store said became of it, if it was answered that nobody knows."""

    @property
    def ids(self) -> list[UUID]:
        return [event.id for write in self.writes for event in write.events]


@dataclass
class History:
    """The attempts of all clients, on one timeline."""

    attempts: list[Attempt] = field(default_factory=list)
    acknowledged: int = 0
    now: int = 0
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def add(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        async with self.grown:
            self.grown.notify_all()

    async def until(self, attempts: int) -> None:
        """Wait until so many attempts have begun."""
        async with self.grown, asyncio.timeout(60):
            await self.grown.wait_for(lambda: len(self.attempts) >= attempts)

    def tick(self) -> int:
        self.now += 1
        return self.now


class Client:
    """Appends at random, by what it last heard of the log."""

    def __init__(self, store: EventStore, history: History, seed: int) -> None:
        self._store = store
        self._history = history
        self._random = seeded(seed)
        self._head = 0
        self._versions = dict.fromkeys(STREAMS, 0)

    async def run(self, appends: int) -> None:
        for _ in range(appends):
            if self._random.random() < 0.2:
                with suppress(EventStoreError):
                    self._head = await self._store.head()
            await self._attempt()
            await asyncio.sleep(0)

    async def _attempt(self) -> None:
        history = self._history
        attempt = Attempt(self._writes(), self._boundary(), history.acknowledged, history.tick())
        await history.add(attempt)
        try:
            attempt.answer = await self._send(attempt)
        except EventStoreError as error:
            attempt.answer = error
        attempt.answered_at = history.tick()
        self._learn(attempt.answer)
        if isinstance(attempt.answer, OutcomeUnknown):
            attempt.resolved = await self._resolve(attempt)
        elif isinstance(attempt.answer, StoreUnavailable):
            await asyncio.sleep(PAUSE_SECONDS)

    async def _resolve(self, attempt: Attempt) -> Outcome:
        while True:
            try:
                return await self._store.outcome(attempt.ids)
            except EventStoreError:
                await asyncio.sleep(PAUSE_SECONDS)

    async def _send(self, attempt: Attempt) -> tuple[Appended, ...]:
        if len(attempt.writes) > 1:
            return await self._store.append_all(attempt.writes, boundary=attempt.boundary)
        (write,) = attempt.writes
        return (
            await self._store.append(
                write.stream, write.events, expected=write.expected, boundary=attempt.boundary
            ),
        )

    def _learn(self, answer: tuple[Appended, ...] | EventStoreError) -> None:
        match answer:
            case WrongExpectedVersion():
                self._versions[answer.stream] = answer.actual
            case BoundaryCrossed():
                self._head = max(self._head, answer.last_match)
            case tuple():
                for appended in answer:
                    self._versions[appended.stream] = appended.version
                    self._head = max(self._head, appended.position)
                self._history.acknowledged = max(self._history.acknowledged, self._head)

    def _writes(self) -> list[Write]:
        streams = self._random.sample(STREAMS, self._random.choice([1, 1, 1, 2, 3]))
        return [
            Write(
                stream=stream,
                events=[self._event() for _ in range(self._random.randint(1, 2))],
                expected=self._expected(stream),
            )
            for stream in streams
        ]

    def _expected(self, stream: StreamName) -> ExpectedVersion:
        known = StreamVersion(self._versions[stream])
        choices: list[ExpectedVersion] = [ANY, ANY, ANY, EXISTS, ABSENT, known]
        return self._random.choice(choices)

    def _event(self) -> Event:
        tags = self._random.sample(TAGS, self._random.choice([0, 1, 1, 2]))
        return Event(type=self._random.choice(TYPES), tags=tuple(tags))

    def _boundary(self) -> Boundary | None:
        if self._random.random() < 0.2:
            return None
        items = [
            QueryItem(
                categories=("seat",) if self._random.random() < 0.3 else (),
                types=(self._random.choice(TYPES),) if self._random.random() < 0.5 else (),
                tags=tuple(self._random.sample(TAGS, self._random.choice([0, 1, 1, 2]))),
            )
            for _ in range(self._random.choice([1, 1, 2]))
        ]
        return Boundary(
            Query(tuple(items)), Position(max(0, self._head - self._random.choice([0, 0, 0, 1, 5])))
        )


async def run_clients(
    stores: Sequence[EventStore], *, clients: int, appends: int, history: History | None = None
) -> History:
    """Run clients, spread over stores of the same log, until each has made its appends."""
    history = history or History()
    await asyncio.gather(
        *(
            Client(stores[number % len(stores)], history, number).run(appends)
            for number in range(clients)
        )
    )
    return history


def judge(history: History, log: Sequence[RecordedEvent]) -> list[str]:
    """Say what is wrong with the answers, given the log at the end; nothing if all is right."""
    assert [event.position for event in log] == list(range(1, len(log) + 1))
    sent_at = {event_id: a.sent_at for a in history.attempts for event_id in a.ids}
    stored = {event.id: event.position for event in log}
    wrong = []
    for attempt in history.attempts:
        held = [event_id in stored for event_id in attempt.ids]
        if any(held) != all(held):
            wrong.append(f"stored in part: {held}")
        wrong += _judge_effect(attempt, stored=all(held))
        match attempt.answer:
            case tuple() as appended:
                wrong += _judge_appended(attempt, appended, log)
            case BoundaryCrossed() as crossed:
                wrong += _judge_crossed(attempt, crossed, log, sent_at)
            case WrongExpectedVersion() as conflict:
                wrong += _judge_conflict(attempt, conflict, log, sent_at)
            case OutcomeUnknown() if all(held):
                wrong += _judge_appended(attempt, _found(attempt, stored, log), log)
            case OutcomeUnknown() | StoreUnavailable() | AppendRefused():
                pass
            case other:
                wrong.append(f"an answer that is none: {other!r}")
    return wrong


def _judge_effect(attempt: Attempt, *, stored: bool) -> list[str]:
    """Whether it is in the log if, and only if, that was said."""
    if isinstance(attempt.answer, OutcomeUnknown):
        assert attempt.resolved is not None
        said = attempt.resolved.appended is not None
    else:
        said = isinstance(attempt.answer, tuple)
    if stored == said:
        return []
    return [f"stored: {stored}, but said: {attempt.answer!r}, {attempt.resolved}"]


def _found(
    attempt: Attempt, stored: dict[UUID, Position], log: Sequence[RecordedEvent]
) -> tuple[Appended, ...]:
    """The acknowledgement that got lost, by the log."""
    last = [log[stored[write.events[-1].id] - 1] for write in attempt.writes]
    return tuple(
        Appended(
            stream=event.stream,
            version=event.version,
            position=event.position,
            events=len(write.events),
        )
        for event, write in zip(last, attempt.writes, strict=True)
    )


def _judge_appended(
    attempt: Attempt, appended: tuple[Appended, ...], log: Sequence[RecordedEvent]
) -> list[str]:
    wrong = []
    first = appended[0].first_position
    told = [(a.stream, v) for a in appended for v in range(a.first_version, a.version + 1)]
    stretch = log[first - 1 : first - 1 + len(attempt.ids)]
    if [e.id for e in stretch] != attempt.ids or [(e.stream, e.version) for e in stretch] != told:
        wrong.append(f"not where it was acknowledged: {appended}")
    if first <= attempt.acknowledged_before:
        wrong.append(f"before what was acknowledged when it was sent: {appended}")
    for write, answer in zip(attempt.writes, appended, strict=True):
        if not _met(write.expected, answer.first_version - 1):
            wrong.append(f"expected {write.expected}, appended at {answer.first_version}")
    if attempt.boundary is not None:
        between = log[attempt.boundary.after : first - 1]
        if any(_selects(attempt.boundary.query, event) for event in between):
            wrong.append(f"appended at {first} over {attempt.boundary}")
    return wrong


def _judge_crossed(
    attempt: Attempt,
    crossed: BoundaryCrossed,
    log: Sequence[RecordedEvent],
    sent_at: dict[UUID, int],
) -> list[str]:
    assert attempt.boundary is not None
    query, last = attempt.boundary.query, log[crossed.last_match - 1]
    wrong = []
    if last.position <= attempt.boundary.after or not _selects(query, last):
        wrong.append(f"nothing at {last.position} crosses {attempt.boundary}")
    if sent_at[last.id] > attempt.answered_at:
        wrong.append(f"{last.position} was not even sent when it was said to cross")
    missed = log[last.position : attempt.acknowledged_before]
    if any(_selects(query, event) for event in missed):
        wrong.append(f"last match {last.position} is older than what was acknowledged before")
    return wrong


def _judge_conflict(
    attempt: Attempt,
    conflict: WrongExpectedVersion,
    log: Sequence[RecordedEvent],
    sent_at: dict[UUID, int],
) -> list[str]:
    of_stream = [e for e in log if e.stream == conflict.stream]
    least = sum(e.position <= attempt.acknowledged_before for e in of_stream)
    most = sum(sent_at[e.id] < attempt.answered_at for e in of_stream)
    wrong = []
    if not least <= conflict.actual <= most:
        wrong.append(f"{conflict.stream} was never at {conflict.actual} meanwhile")
    if _met(conflict.expected, conflict.actual):
        wrong.append(f"a conflict that is none: {conflict}")
    return wrong


def _selects(query: Query, event: RecordedEvent) -> bool:
    return any(
        (not item.categories or event.stream.split("-")[0] in item.categories)
        and (not item.types or event.type in item.types)
        and set(item.tags) <= set(event.tags)
        for item in query.items
    )


def _met(expected: ExpectedVersion, version: int) -> bool:
    if isinstance(expected, Expect):
        return {ANY: True, EXISTS: version > 0, ABSENT: version == 0}[expected]
    return expected == version
