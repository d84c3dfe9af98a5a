"""The memory store and PostgreSQL, side by side through any history, give the same answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
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
    Boundary,
    BoundaryCrossed,
    Event,
    EventIdReused,
    EventStoreError,
    ExpectedVersion,
    Outcome,
    Position,
    Query,
    QueryItem,
    RecordedEvent,
    StreamName,
    StreamVersion,
    Write,
    WrongExpectedVersion,
    stream_name,
)
from eventstore.memory import MemoryEventStore
from eventstore.postgres.archive import archive
from eventstore.postgres.store import PostgresEventStore
from eventstore.store import EventStore
from tests.support.stores import ids, json_text, json_values, outcome

T = TypeVar("T")

numbers = st.integers(0, 12)
expectations = st.sampled_from([ANY, ANY, EXISTS, ABSENT]) | numbers.map(StreamVersion)
TYPES = ["placed", "paid", "é"]
TAGS = ["t:1", "t:2", "é"]

new_events = st.builds(
    Event,
    type=st.sampled_from(TYPES),
    data=json_values,
    metadata=st.dictionaries(json_text, json_values, max_size=2),
    tags=st.lists(st.sampled_from(TAGS), max_size=3, unique=True).map(tuple),
)
limits = st.integers(1, 5)


def up_to_two(names: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)


class Selection(msgspec.Struct, frozen=True):
    """A query whose categories are numbers, since each run has categories of its own."""

    items: tuple[tuple[tuple[int, ...], tuple[str, ...], tuple[str, ...]], ...]

    def of_run(self, prefix: str) -> Query:
        return Query(
            tuple(
                QueryItem(tuple(f"{prefix}{number}" for number in numbers), types, tags)
                for numbers, types, tags in self.items
            )
        )


selections = st.lists(
    st.tuples(
        st.lists(st.integers(0, 1), max_size=2, unique=True).map(tuple),
        up_to_two(TYPES),
        up_to_two(TAGS),
    ),
    min_size=1,
    max_size=2,
).map(lambda items: Selection(tuple(items)))
boundaries = st.none() | st.tuples(selections, numbers)


class SideBySide(RuleBasedStateMachine):
    """Streams and positions are counted from where the shared database stands."""

    used = Bundle("used")

    def __init__(
        self,
        postgres: EventStore,
        runner: asyncio.Runner,
        run: int,
        archived: Callable[[], Coroutine[Any, Any, object]],
    ) -> None:
        super().__init__()
        self.archived = archived
        self.runner = runner
        self.postgres = postgres
        self.memory = MemoryEventStore()
        self.prefix = f"run{run}"
        self.start = self.wait(postgres.head())

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def stream(self, number: int) -> StreamName:
        """Streams 0 and 2 are of one category, 1 and 3 of another."""
        return stream_name(f"{self.prefix}{number % 2}-{number}")

    def both(
        self, ask: Callable[[EventStore, int], Coroutine[Any, Any, T]]
    ) -> tuple[T | EventStoreError, T | EventStoreError]:
        """Ask both stores; what is asked learns from where positions count."""
        ours = self.wait(outcome(ask(self.memory, 0)))
        return ours, self.wait(outcome(ask(self.postgres, self.start)))

    def boundary(self, drawn: tuple[Selection, int] | None, shift: int) -> Boundary | None:
        if drawn is None:
            return None
        selection, after = drawn
        return Boundary(selection.of_run(self.prefix), Position(after + shift))

    def append(
        self,
        number: int,
        batch: list[Event],
        expected: ExpectedVersion,
        boundary: tuple[Selection, int] | None = None,
    ) -> None:
        ours, theirs = self.both(
            lambda store, shift: store.append(
                self.stream(number),
                batch,
                expected=expected,
                boundary=self.boundary(boundary, shift),
            )
        )
        assert self.plain(ours, shift=self.start) == self.plain(theirs)

    def plain(self, result: object, *, shift: int = 0) -> object:
        match result:
            case Appended():
                return msgspec.structs.replace(result, position=Position(result.position + shift))
            case tuple():
                return [self.plain(one, shift=shift) for one in result]
            case Outcome():
                return self.plain(result.appended, shift=shift), result.head + shift
            case EventStoreError():
                return type(result), self.observed(result, shift)
            case _:
                return result

    def observed(self, error: EventStoreError, shift: int) -> object:
        """What an error says of the log."""
        match error:
            case WrongExpectedVersion():
                return error.stream, error.expected, error.actual
            case BoundaryCrossed():
                return error.stream, error.after + shift, error.last_match + shift
            case EventIdReused():
                return error.stream, error.event_id
            case _:
                return str(error)

    @rule(
        target=used,
        number=st.integers(0, 2),
        batch=st.lists(new_events, min_size=1, max_size=3),
        expected=expectations,
        boundary=boundaries,
    )
    def append_new(
        self,
        number: int,
        batch: list[Event],
        expected: ExpectedVersion,
        boundary: tuple[Selection, int] | None,
    ) -> Any:
        self.append(number, batch, expected, boundary)
        return multiple(*batch)

    @rule(
        target=used,
        drawn=st.lists(
            st.tuples(
                st.integers(0, 2), st.lists(new_events, min_size=1, max_size=2), expectations
            ),
            min_size=1,
            max_size=3,
            unique_by=lambda write: write[0],
        ),
        boundary=boundaries,
        repetition=st.booleans(),
    )
    def append_all(
        self,
        drawn: list[tuple[int, list[Event], ExpectedVersion]],
        boundary: tuple[Selection, int] | None,
        *,
        repetition: bool,
    ) -> Any:
        writes = [
            Write(stream=self.stream(number), events=batch, expected=expected)
            for number, batch, expected in drawn
        ]
        for _ in range(1 + repetition):
            ours, theirs = self.both(
                lambda store, shift: store.append_all(
                    writes, boundary=self.boundary(boundary, shift)
                )
            )
            assert self.plain(ours, shift=self.start) == self.plain(theirs)
        return multiple(*(event for _, batch, _ in drawn for event in batch))

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

    @rule(
        number=st.integers(0, 2),
        first=st.integers(0, 12),
        amount=st.integers(1, 4),
        boundary=boundaries,
    )
    def repeat_a_stretch(
        self, number: int, first: int, amount: int, boundary: tuple[Selection, int] | None
    ) -> None:
        recorded = self.wait(self.memory.read_log(after=Position(first), limit=amount))
        if recorded:
            batch = [Event(id=event.id, type="again", data="other") for event in recorded]
            self.append(number, batch, ABSENT, boundary)
            ours, theirs = self.both(lambda store, _: store.outcome(ids(recorded)))
            assert self.plain(ours, shift=self.start) == self.plain(theirs)

    @rule()
    def archive_all(self) -> None:
        """What is archived is the same log: nothing of it may be told from outside."""
        self.wait(self.archived())

    @rule(batch=st.lists(used, min_size=1, max_size=3, unique_by=lambda event: event.id))
    def ask_for_the_outcome(self, batch: list[Event]) -> None:
        ours, theirs = self.both(lambda store, _: store.outcome(ids(batch)))
        assert self.plain(ours, shift=self.start) == self.plain(theirs)

    @rule(number=st.integers(0, 3), after=numbers, limit=limits, until=st.none() | numbers)
    def read_stream(self, number: int, after: int, limit: int, until: int | None) -> None:
        self.compare(
            lambda store, shift: store.read_stream(
                self.stream(number),
                after=StreamVersion(after),
                limit=limit,
                until=shifted(until, shift),
            )
        )

    @rule(
        number=st.integers(0, 3),
        before=st.none() | numbers.map(StreamVersion),
        limit=limits,
        until=st.none() | numbers,
    )
    def read_stream_backwards(
        self, number: int, before: StreamVersion | None, limit: int, until: int | None
    ) -> None:
        self.compare(
            lambda store, shift: store.read_stream_backwards(
                self.stream(number), before=before, limit=limit, until=shifted(until, shift)
            )
        )

    @rule(after=numbers, limit=limits, selection=st.none() | selections, until=st.none() | numbers)
    def read_log(
        self, after: int, limit: int, selection: Selection | None, until: int | None
    ) -> None:
        self.compare(
            lambda store, shift: store.read_log(
                after=Position(after + shift),
                limit=limit,
                query=selection.of_run(self.prefix) if selection else None,
                until=shifted(until, shift),
            )
        )

    @rule(before=st.none() | numbers, limit=limits, selection=st.none() | selections)
    def read_log_backwards(
        self, before: int | None, limit: int, selection: Selection | None
    ) -> None:
        self.compare(
            lambda store, shift: store.read_log_backwards(
                before=shifted(before, shift),
                limit=limit,
                query=selection.of_run(self.prefix) if selection else None,
            )
        )

    def compare(
        self, read: Callable[[EventStore, int], Coroutine[Any, Any, list[RecordedEvent]]]
    ) -> None:
        ours = self.wait(read(self.memory, 0))
        # Backwards, Postgres goes on into what earlier runs left.
        theirs = [e for e in self.wait(read(self.postgres, self.start)) if e.position > self.start]
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
            stream = self.stream(number)
            assert self.wait(self.memory.stream_version(stream)) == self.wait(
                self.postgres.stream_version(stream)
            )


def shifted(position: int | None, shift: int) -> Position | None:
    return None if position is None else Position(position + shift)


@pytest.mark.stack
@pytest.mark.timeout(600)  # what was found must have time to shrink
def test_memory_and_postgres_side_by_side(store_url: str, tmp_path: Path) -> None:
    runs = itertools.count()
    with asyncio.Runner() as runner:
        opened = PostgresEventStore.connect(store_url, pool_size=1)
        postgres = runner.run(opened.__aenter__())

        class Machine(SideBySide):
            def __init__(self) -> None:
                super().__init__(
                    postgres, runner, next(runs), partial(archive, store_url, tmp_path)
                )

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
