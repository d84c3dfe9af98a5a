"""The memory store and PostgreSQL, side by side through any history, give the same answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from eventstore import (
    ABSENT,
    ANY,
    EXISTS,
    Appended,
    Event,
    EventIdReused,
    EventStore,
    EventStoreError,
    ExpectedVersion,
    Position,
    RecordedEvent,
    StreamVersion,
    WrongExpectedVersion,
    connect,
    stream_name,
)
from eventstore.memory import MemoryEventStore
from tests.support.stores import json_text, json_values, outcome

T = TypeVar("T")

numbers = st.integers(0, 12)
expectations = st.sampled_from([ANY, ANY, EXISTS, ABSENT]) | numbers.map(StreamVersion)
new_events = st.builds(
    Event,
    type=st.sampled_from(["placed", "paid", "é"]),
    data=json_values,
    metadata=st.dictionaries(json_text, json_values, max_size=2),
)


class SideBySide(RuleBasedStateMachine):
    """Streams and positions are counted from where the shared database stands."""

    used = Bundle("used")

    def __init__(self, postgres: EventStore, runner: asyncio.Runner, run: int) -> None:
        super().__init__()
        self.runner = runner
        self.postgres = postgres
        self.memory = MemoryEventStore()
        self.prefix = f"run{run}"
        self.start = self.wait(postgres.head())

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def append(self, number: int, batch: list[Event], expected: ExpectedVersion) -> bool:
        stream = stream_name(f"{self.prefix}-{number}")
        ours, theirs = (
            self.wait(outcome(store.append(stream, batch, expected=expected)))
            for store in (self.memory, self.postgres)
        )
        assert self.plain(ours, shift=self.start) == self.plain(theirs)
        return isinstance(ours, Appended)

    def plain(self, result: Appended | EventStoreError, *, shift: int = 0) -> object:
        match result:
            case Appended():
                return msgspec.structs.replace(result, position=Position(result.position + shift))
            case WrongExpectedVersion():
                return result.stream, result.expected, result.actual
            case EventIdReused():
                return result.stream, result.event_id
            case _:
                return type(result), str(result)

    @rule(
        target=used,
        number=st.integers(0, 2),
        batch=st.lists(new_events, min_size=1, max_size=3),
        expected=expectations,
    )
    def append_new(self, number: int, batch: list[Event], expected: ExpectedVersion) -> Any:
        self.append(number, batch, expected)
        return multiple(*batch)

    @rule(
        number=st.integers(0, 2),
        batch=st.lists(used, min_size=1, max_size=3, unique_by=lambda event: event.id),
        extra=st.none() | new_events,
        expected=expectations,
    )
    def append_again(
        self, number: int, batch: list[Event], extra: Event | None, expected: ExpectedVersion
    ) -> None:
        self.append(number, [*batch, *([extra] if extra else [])], expected)

    @rule(number=st.integers(0, 2), first=st.integers(0, 12), amount=st.integers(1, 4))
    def repeat_a_stretch(self, number: int, first: int, amount: int) -> None:
        recorded = self.wait(self.memory.read_log(after=Position(first), limit=amount))
        if recorded:
            batch = [Event(id=event.id, type="again", data="other") for event in recorded]
            self.append(number, batch, ABSENT)

    @rule(number=st.integers(0, 3), after=numbers, limit=st.integers(1, 5))
    def read_stream(self, number: int, after: int, limit: int) -> None:
        stream = stream_name(f"{self.prefix}-{number}")
        ours, theirs = (
            self.wait(store.read_stream(stream, after=StreamVersion(after), limit=limit))
            for store in (self.memory, self.postgres)
        )
        self.compare(ours, theirs)

    @rule(after=numbers, limit=st.integers(1, 5))
    def read_log(self, after: int, limit: int) -> None:
        ours = self.wait(self.memory.read_log(after=Position(after), limit=limit))
        theirs = self.wait(self.postgres.read_log(after=Position(self.start + after), limit=limit))
        self.compare(ours, theirs)

    def compare(self, ours: list[RecordedEvent], theirs: list[RecordedEvent]) -> None:
        assert len(ours) == len(theirs)
        for our, their in zip(ours, theirs, strict=True):
            moved = msgspec.structs.replace(
                our, position=Position(our.position + self.start), recorded_at=their.recorded_at
            )
            # Encoded, since 1 == 1.0 == True in Python.
            assert msgspec.json.encode(moved) == msgspec.json.encode(their)

    @invariant()
    def same_numbers(self) -> None:
        assert self.wait(self.memory.head()) + self.start == self.wait(self.postgres.head())
        for number in range(3):
            stream = stream_name(f"{self.prefix}-{number}")
            assert self.wait(self.memory.stream_version(stream)) == self.wait(
                self.postgres.stream_version(stream)
            )


@pytest.mark.stack
@pytest.mark.timeout(600)  # what was found must have time to shrink
def test_memory_and_postgres_side_by_side(store_url: str) -> None:
    runs = itertools.count()
    with asyncio.Runner() as runner:
        opened = connect(store_url, pool_size=1)
        postgres = runner.run(opened.__aenter__())

        class Machine(SideBySide):
            def __init__(self) -> None:
                super().__init__(postgres, runner, next(runs))

        try:
            run_state_machine_as_test(
                Machine,
                settings=settings(
                    max_examples=40,
                    stateful_step_count=15,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(opened.__aexit__(None, None, None))
