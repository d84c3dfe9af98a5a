"""Process managers: every command has its effect once, wherever it crashes."""

from __future__ import annotations

import asyncio
import importlib.util
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from eventstore.errors import OutcomeUnknown, StoreUnavailable
from eventstore.event import Event, RecordedEvent
from eventstore.memory import MemoryEventStore
from eventstore.postgres.store import PostgresEventStore
from eventstore.store import Appended, Boundary, Write
from eventstore.stream import ABSENT, ANY, Position, stream_name
from projector.cli.options import bound
from projector.cli.rebuild import rebuild
from projector.errors import ConfigError, ProjectionFailed, ReadModelUnavailable
from projector.postgres import PostgresReadModel
from projector.process import Command, Process, ProcessProjection, command_id
from projector.process_clock import CLOCK, keep_time, tick
from projector.projection import check_projection
from tests.support import projecting as support
from tests.support import relaying
from tests.support.invoicing import Invoicing
from tests.support.seeded import seeded
from tests.support.source import ROOT

CRASHING = "tests.support.process_crashing"


async def order(store: PostgresEventStore, *customers: int) -> Position:
    position = Position(0)
    for customer in customers:
        ordered = Event(type="ordered", data={})
        appended = await store.append(stream_name(f"order-{customer}"), [ordered], expected=ANY)
        position = appended.position
    return position


def assert_each_order_was_answered_once(log: Sequence[RecordedEvent]) -> None:
    """Each with its three commands in order, numbered as the orders came, and nothing else."""
    orders = [event for event in log if event.type == "ordered"]
    answers = [event for event in log if event.type != "ordered"]
    expected = {
        command_id("invoicing", event.id, n): (number, event.position, kind)
        for number, event in enumerate(orders, 1)
        for n, kind in enumerate(("invoiced", "noted", "sent"))
    }
    found = {e.id: (e.data["number"], e.data["position"], e.type) for e in answers}
    assert found == expected
    assert len(answers) == len(expected)
    for stream in {event.stream for event in answers}:
        data = [event.data["number"] for event in answers if event.stream == stream]
        assert data == sorted(data)


@pytest.mark.stack
async def test_killed_between_append_and_checkpoint_it_repeats_itself_without_effect(
    store_url: str, nats_url: str
) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
    ):
        await relaying.relayed(nats_url, await order(store, 1, 2, 1, 3))
        for appends in (1, 3):
            before = await relaying.whole_log(store)
            killed = await asyncio.create_subprocess_exec(
                sys.executable, "-m", CRASHING, store_url, nats_url, str(appends), cwd=ROOT
            )
            assert await asyncio.wait_for(killed.wait(), 60) == -signal.SIGKILL
            assert len(await relaying.whole_log(store)) > len(before), "its append is stored"
            async with PostgresReadModel.open(store_url, ProcessProjection(Invoicing())) as model:
                assert (await model.checkpoint()).position == 0, "and its checkpoint is not"
        process = ProcessProjection(Invoicing(), store)
        async with support.projecting(store_url, nats_url, projection=process):
            head = await order(store, 2)

            async def settled() -> bool:
                async with PostgresReadModel.open(store_url, process) as model:
                    return (await model.checkpoint()).position >= head + 3

            await relaying.until(settled)
        log = await relaying.whole_log(store)
    assert_each_order_was_answered_once(log)
    caused = next(event for event in log if event.type == "invoiced")
    assert caused.metadata["causation_id"] == str(log[0].id)
    assert caused.metadata["process_manager"] == "invoicing"


class Unlucky:
    """A store that loses requests, or the answers to them."""

    def __init__(self, store: PostgresEventStore, seed: int) -> None:
        self._store = store
        self._random = seeded(seed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def append_all(
        self, writes: Sequence[Write], *, boundary: Boundary | None = None
    ) -> tuple[Appended, ...]:
        if self._random.random() < 0.1:
            raise StoreUnavailable("it is away")
        appended = await self._store.append_all(writes, boundary=boundary)
        if self._random.random() < 0.2:
            raise OutcomeUnknown(writes[0].stream, "the answer is lost")
        return appended


@pytest.mark.stack
@pytest.mark.parametrize("seed", range(3))
async def test_lost_answers_and_other_batches_make_no_difference(store_url: str, seed: int) -> None:
    random = seeded(seed)
    async with PostgresEventStore.connect(store_url) as store:
        await order(store, *(random.randrange(4) for _ in range(15)))
        orders = await relaying.whole_log(store)
        process = ProcessProjection(Invoicing(), Unlucky(store, seed))
        async with PostgresReadModel.open(store_url, process) as model:
            await model.prepare()
            while (checkpoint := await model.checkpoint()).position < len(orders):
                batch = orders[checkpoint.position :][: random.randint(1, 6)]
                try:
                    await model.commit(batch, checkpoint)
                except (ReadModelUnavailable, StoreUnavailable):
                    continue
        assert_each_order_was_answered_once(await relaying.whole_log(store))


class Opening:
    """Opens an account for each order; it must not be there."""

    name = "opening"
    generation = 1
    tables = sa.MetaData()

    async def react(self, _connection: object, event: RecordedEvent) -> list[Command]:
        return [Command(stream=event.stream, type="opened", expected=ABSENT)]


@pytest.mark.stack
async def test_a_refused_reaction_is_poison(store_url: str) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        await order(store, 1)
        events = await relaying.whole_log(store)
        process = ProcessProjection(Opening(), store)
        async with PostgresReadModel.open(store_url, process) as model:
            await model.prepare()
            with pytest.raises(ProjectionFailed, match="WrongExpectedVersion: stream 'order-1'"):
                await model.commit(events, await model.checkpoint())
            assert (await model.checkpoint()).position == 0


def payment_timeout() -> Any:
    spec = importlib.util.spec_from_file_location("pt", ROOT / "examples" / "payment_timeout.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.stack
async def test_the_example_cancels_what_is_not_paid_in_time(store_url: str) -> None:
    example = payment_timeout()
    lines = (ROOT / "examples" / "payment_timeout.py").read_text().splitlines()
    assert len(lines) <= 40
    paid, late = stream_name("order-paid"), stream_name("order-late")
    async with PostgresEventStore.connect(store_url) as store:
        for stream, kind in ((paid, "placed"), (late, "placed"), (paid, "paid")):
            await store.append(stream, [Event(type=f"order-{kind}")], expected=ANY)
        placed = (await relaying.whole_log(store))[1].recorded_at.timestamp()
        for after in (10, 3500, 3700, 3800):
            await tick(store, now=placed + after)
        process = check_projection(example.manager, "payment_timeout:manager")
        assert isinstance(process, ProcessProjection)
        async with PostgresReadModel.open(store_url, process.appending_to(store)) as model:
            await model.prepare()
            await model.commit(await relaying.whole_log(store), await model.checkpoint())
        log = await relaying.whole_log(store)
        ticks = [event for event in log if event.type == "ticked"]
        (cancelled,) = (event for event in log if event.type == "order-cancelled")
        assert cancelled.stream == late
        assert cancelled.metadata["causation_id"] == str(ticks[2].id)


async def test_any_number_of_clocks_tick_once() -> None:
    store = MemoryEventStore()
    now = 1_000_000.0

    async def clock(start: float) -> None:
        time = start

        async def sleep(seconds: float) -> None:
            nonlocal time
            time += seconds
            if time > now + 300:
                raise asyncio.CancelledError
            await asyncio.sleep(0)

        await keep_time(store, period_seconds=60, clock=lambda: time, sleep=sleep)

    await asyncio.gather(clock(now), clock(now + 7), clock(now + 59), return_exceptions=True)
    times = [event.data["time"] for event in await store.read_stream(CLOCK)]
    assert times == [999_960, 1_000_020, 1_000_080, 1_000_140, 1_000_200, 1_000_260]


def test_the_id_of_a_command_is_what_it_always_was() -> None:
    cause = UUID(int=1)
    assert str(command_id("invoicing", cause, 0)) == "f7aeed4a-da41-5bb9-ba3d-301752e9c568"
    ids = {command_id(name, UUID(int=n), k) for name in "ab" for n in (1, 11) for k in (1, 11)}
    assert len(ids) == 8


async def test_without_a_store_it_cannot_run() -> None:
    process = check_projection(Invoicing(), "invoicing")
    assert isinstance(process, ProcessProjection)
    assert isinstance(Invoicing(), Process)
    with pytest.raises(ConfigError, match="it needs the event store"):
        bound(process, None)
    with pytest.raises(ConfigError, match="has no store to append to"):
        await process.apply(None, [])  # type: ignore[arg-type]


async def test_what_was_done_is_not_done_anew() -> None:
    with pytest.raises(ConfigError, match="it acts, and what it did is not done anew"):
        await rebuild("tests.support.invoicing:Invoicing", database_url="postgresql://u@x/y")


@pytest.mark.stack
async def test_the_commands_run_them(store_url: str, nats_url: str) -> None:
    """`projector clock` ticks, `projector run` reacts; both end when they are told to."""
    command = Path(sys.executable).parent / "projector"
    urls = ("--database-url", store_url, "--nats-url", nats_url)
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
    ):
        await order(store, 1)
        started = [
            await asyncio.create_subprocess_exec(
                command, *arguments, cwd=ROOT, stderr=subprocess.DEVNULL
            )
            for arguments in (
                ("clock", "--every", "1", "--store-url", store_url),
                ("run", "tests.support.invoicing:Invoicing", *urls),
            )
        ]

        async def done() -> bool:
            types = [event.type for event in await relaying.whole_log(store)]
            return types.count("ticked") >= 2 and types.count("sent") == 1

        try:
            await relaying.until(done)
        finally:
            for process in started:
                process.terminate()
        assert [await asyncio.wait_for(p.wait(), 30) for p in started] == [143, 143]
        times = [event.data["time"] for event in await store.read_stream(CLOCK)]
        assert times == sorted(set(times))
