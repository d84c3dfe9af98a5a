"""What is behind, and what is the matter: measured against a log, and shown."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from rich.console import Console

from eventstore.errors import StreamUnavailable
from eventstore.stream import Position
from projector.cli.measuring import Measure
from projector.cli.top import Rates, _watch, table_of
from projector.lag import GenerationState, Lag, LagState, measure
from tests.support.recorded import NOON, log


def state(position: int, **more: Any) -> GenerationState:
    fields: dict[str, Any] = {
        "projection": "p",
        "generation": 1,
        "active": True,
        "position": Position(position),
        "updated_at": NOON,
        "parked": 0,
        "held": 0,
        "skipped": 0,
        "first_waiting": None,
        "halted_at": None,
        "last_error": None,
    }
    return GenerationState(**(fields | more))


class Log:
    def __init__(self, head: int) -> None:
        self.events = log(head)

    async def head(self) -> Position:
        return Position(len(self.events))

    async def read_log(self, *, after: Position, limit: int) -> Any:
        return self.events[after : after + limit]


@pytest.mark.parametrize(
    ("one", "expected", "events"),
    [
        (state(5), LagState.CAUGHT_UP, 0),
        (state(3), LagState.BEHIND, 2),
        (state(5, parked=1, held=1, first_waiting=2), LagState.INCOMPLETE, 2),
        (state(5, skipped=1), LagState.CAUGHT_UP, 0),
        (state(3, halted_at=4), LagState.HALTED, 2),
        (state(9), LagState.AHEAD, -4),
    ],
)
async def test_what_is_the_matter(one: GenerationState, expected: LagState, events: int) -> None:
    (found,) = await measure([one], Log(5), NOON)
    assert (found.state, found.lag) == (expected, events)


async def test_without_the_log_nothing_is_claimed() -> None:
    (found,) = await measure([state(5)], None, NOON)
    assert (found.state, found.lag, found.lag_seconds) == (LagState.UNKNOWN, None, None)


def test_rates_are_of_the_time_between_two_looks() -> None:
    ticks = iter([10.0, 12.0, 12.0])
    rates = Rates(lambda: next(ticks))

    def at(position: int) -> list[Lag]:
        return [
            Lag(
                projection="p",
                generation=1,
                active=True,
                state=LagState.BEHIND,
                checkpoint=Position(position),
                head=Position(1_000),
                lag=1_000 - position,
                lag_seconds=90.0,
                hole=None,
                last_sequence=None,
                stream_holes=None,
                parked=1,
                held=2,
                skipped=0,
                halted_at=None,
                last_error="ValueError: [x]\nmore",
            )
        ]

    assert rates.take(at(100)) == {}
    assert rates.take(at(500)) == {("p", 1): 200.0}
    assert rates.take(at(500)) == {}, "no time has passed"
    written = io.StringIO()
    Console(width=140, file=written).print(table_of(at(500), {("p", 1): 200.0}))
    said = written.getvalue()
    assert "p 1*" in said
    assert "1.5 min" in said
    assert said.splitlines()[-1] == "p 1*: ValueError: [x]"
    assert "more" not in said


async def test_top_goes_on_when_a_server_is_lost() -> None:
    (found,) = await measure([state(3)], Log(5), NOON)
    opened = 0
    written = io.StringIO()

    @asynccontextmanager
    async def measuring_at_last() -> AsyncIterator[Measure]:
        nonlocal opened
        opened += 1
        if opened == 1:
            raise StreamUnavailable("cannot connect to NATS")

        async def ask() -> list[Lag]:
            if "caught up" in written.getvalue():
                raise asyncio.CancelledError
            return [msgspec.structs.replace(found, state=LagState.CAUGHT_UP)]

        yield ask

    console = Console(width=100, file=written, force_terminal=True)
    with pytest.raises(asyncio.CancelledError):
        await _watch(console, measuring_at_last, Rates(), 0.01)
    assert opened == 2
    assert "cannot connect to NATS" in written.getvalue()
