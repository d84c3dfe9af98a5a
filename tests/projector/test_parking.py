"""Events that cannot be applied, on real servers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from eventstore.errors import UnknownEventType
from eventstore.event import Event, RecordedEvent
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import ANY, Position, stream_name
from projector import projector
from projector.documents import Update
from projector.errors import CheckpointConflict, NotSetAside, ParkingFull, ProjectionFailed
from projector.parking import AsideState, Cause, PoisonPolicy
from projector.postgres import PostgresReadModel
from projector.postgres_build import DocumentBuild
from projector.postgres_documents import DocumentTable
from projector.postgres_parking import PostgresParking
from projector.postgres_progress import PostgresProgress
from projector.rebuild import rebuild
from projector.replay import replay, skip
from projector.subscription import SubscriptionPace
from tests.support import projecting as support
from tests.support import relaying
from tests.support.recorded import log
from tests.support.seeded import seeded

PARK = SubscriptionPace(batch=50, attempts=2, on_poison=PoisonPolicy.PARK)


class Amounts:
    """Adds up what came of each stream; refuses what it cannot read, until it is mended."""

    name = "amounts"

    def __init__(self, *, mended: bool = False) -> None:
        self.mended = mended

    def project(self, event: RecordedEvent) -> Any:
        if event.type == "Unheard" and not self.mended:
            raise UnknownEventType(f"no struct is registered for {event.type!r}")
        amount = 0 if self.mended and event.data == "\x7f?" else event.data["amount"]
        yield Update(event.stream, lambda seen: [*(seen or []), [event.version, amount]])


def table(*, mended: bool = False) -> DocumentTable:
    return DocumentTable(Amounts(mended=mended))


class Unique:
    """A read model that holds each number once, checked at once or when the transaction ends."""

    generation = 1

    def __init__(self, *, deferred: bool) -> None:
        self.name = "deferred" if deferred else "unique"
        self.tables = sa.MetaData()
        self.numbers = sa.Table(
            f"{self.name}_numbers",
            self.tables,
            sa.Column("number", sa.Integer),
            sa.UniqueConstraint(
                "number", deferrable=deferred or None, initially="DEFERRED" if deferred else None
            ),
        )

    async def apply(self, connection: AsyncConnection, events: Sequence[RecordedEvent]) -> None:
        rows = [{"number": event.data["n"]} for event in events]
        await connection.execute(sa.insert(self.numbers), rows)


def aside(found: Sequence[Any]) -> list[tuple[int, str]]:
    return [(one.position, str(one.state)) for one in found]


async def set_aside_in(model: PostgresReadModel) -> list[Any]:
    async with model.transaction() as connection:
        return await model.parking.read(connection)


async def documents(url: str) -> dict[str, Any]:
    async with PostgresReadModel.open(url, table()) as model, model.transaction() as connection:
        rows = await connection.execute(sa.text('SELECT key, document FROM documents."amounts"'))
        return {row.key: row.document for row in rows}


@pytest.mark.stack
async def test_a_parked_event_holds_back_its_stream_and_nothing_else(
    store_url: str, nats_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    good, bad = stream_name("account-good"), stream_name("account-bad")
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
    ):
        for data in ({"amount": 1}, "\x7f?", {"amount": 3}):
            await store.append(bad, [Event(type="Deposited", data=data)], expected=ANY)
            await store.append(good, [Event(type="Deposited", data={"amount": 5})], expected=ANY)
        unheard = [Event(type="Unheard", data={"amount": 9})]
        await store.append(stream_name("account-new"), unheard, expected=ANY)
        async with support.projecting(store_url, nats_url, projection=table(), pace=PARK):
            await support.projected(store_url, 7, projection=table())
            assert await documents(store_url) == {
                good: [[1, 5], [2, 5], [3, 5]],
                bad: [[1, 1]],
            }
            async with PostgresReadModel.open(store_url, table(mended=True)) as mended:
                first, second, third = await set_aside_in(mended)
                assert aside([first, second, third]) == [(3, "parked"), (5, "held"), (7, "parked")]
                assert (first.error_type, first.attempts, first.stream) == ("TypeError", 2, bad)
                assert "amount = 0 if self.mended" in first.traceback
                assert "UnknownEventType: no struct" in third.traceback
                done = await replay(mended, store, bad)
                assert (done.applied, done.waiting, done.failed) == (2, 0, None)
                with pytest.raises(NotSetAside, match="nothing is parked under 'account-bad'"):
                    await replay(mended, store, bad)
            head = await relaying.append_data(store, bad, {"amount": 4})
            await support.projected(store_url, head, projection=table())
        assert (await documents(store_url))[bad] == [[1, 1], [2, 0], [3, 3], [4, 4]]
    assert any("parked position 3 (Deposited in account-bad)" in said for said in caplog.messages)


@pytest.mark.stack
@pytest.mark.parametrize("deferred", [False, True])
async def test_a_constraint_of_the_read_model_is_an_answer(
    store_url: str, nats_url: str, *, deferred: bool
) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        relaying.relaying(store_url, nats_url),
    ):
        for number in (1, 2, 1, 3):
            await relaying.append_data(store, stream_name(f"n-{number}"), {"n": number})
        session = support.projector_session(
            store_url, nats_url, projection=Unique(deferred=deferred)
        )
        pace = SubscriptionPace(attempts=2)
        with pytest.raises(ProjectionFailed, match=r"position 3 .*IntegrityError"):
            async with asyncio.timeout(relaying.PATIENCE_SECONDS):
                await projector.run(session, random=seeded(1), pace=pace)
        async with PostgresReadModel.open(store_url, Unique(deferred=deferred)) as model:
            with pytest.raises(NotSetAside, match="stands at 2, so only 3 can be skipped"):
                await skip(model, store, Position(4))
            skipped = await skip(model, store, Position(3))
            assert (skipped.state, skipped.event_type) == (AsideState.SKIPPED, "Counted")
            with pytest.raises(NotSetAside, match="skipped already"):
                await skip(model, store, Position(3))
            async with support.projecting(
                store_url, nats_url, projection=Unique(deferred=deferred)
            ):
                await support.projected(store_url, 4, projection=Unique(deferred=deferred))
            assert aside(await set_aside_in(model)) == [(3, "skipped")], "and blocks nothing"


@pytest.mark.stack
async def test_a_replay_that_fails_again_parks_there_and_a_skip_lets_the_rest_go(
    store_url: str,
) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(store_url, table()) as model,
    ):
        for data in ("\x7f?", {"amount": 2}, None, {"amount": 4}):
            await relaying.append_data(store, stream_name("account-1"), data)
        events = await relaying.whole_log(store)
        await model.prepare()
        checkpoint = await model.checkpoint()
        failure = ProjectionFailed("amounts", events[:1], "no")
        cause = Cause.of(failure)
        reached = await model.set_aside(events[0], checkpoint, AsideState.PARKED, cause, 1)
        with pytest.raises(CheckpointConflict):
            await model.set_aside(events[0], checkpoint, AsideState.PARKED, cause, 1)
        await model.commit(events[1:], reached)
        with pytest.raises(NotSetAside, match="position 2 is held behind a parked event"):
            await skip(model, store, Position(2))
        async with PostgresReadModel.open(store_url, table(mended=True)) as mended:
            done = await replay(mended, store, "account-1")
            assert (done.applied, done.waiting, done.failed) == (2, 2, 3)
            assert "NoneType" in (done.error or "")
            found = await set_aside_in(mended)
            assert aside(found) == [(3, "parked"), (4, "held")]
            assert (found[0].attempts, found[0].error_type) == (1, "TypeError")
            await skip(mended, store, Position(3))
            async with mended.transaction() as connection:  # of a replay that failed just then
                await mended.parking.mark(connection, Position(3), AsideState.PARKED, cause)
            assert aside(await set_aside_in(mended)) == [(3, "skipped"), (4, "held")]
            done = await replay(mended, store, "account-1")
            assert (done.applied, done.waiting) == (1, 0)
        assert await documents(store_url) == {"account-1": [[1, 0], [2, 2], [4, 4]]}


@pytest.mark.stack
async def test_replays_and_commits_at_once_apply_each_event_once(store_url: str) -> None:
    """A projector goes on committing while two operators replay what it parks."""
    events = log(200, streams=2)
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(store_url, table(mended=True)) as model,
        PostgresReadModel.open(store_url, table(mended=True)) as operator,
        PostgresReadModel.open(store_url, table(mended=True)) as other,
    ):
        for event in events:
            await relaying.append_data(store, event.stream, {"amount": event.position})
        events = await relaying.whole_log(store)
        await model.prepare()

        async def project() -> None:
            checkpoint = await model.checkpoint()
            while (done := checkpoint.position) < len(events):
                if done % 40 == 0:
                    cause = Cause.of(ProjectionFailed("amounts", events[done : done + 1], "no"))
                    checkpoint = await model.set_aside(
                        events[done], checkpoint, AsideState.PARKED, cause, 1
                    )
                else:
                    checkpoint = await model.commit(events[done : done + 3], checkpoint)

        async def operate(mended: PostgresReadModel, work: asyncio.Task[None]) -> None:
            while not work.done() or await set_aside_in(mended):
                for key in ("count-0", "count-1"):
                    try:
                        await replay(mended, store, key)
                    except NotSetAside:
                        await asyncio.sleep(0.001)

        work = asyncio.create_task(project())
        await asyncio.gather(work, operate(operator, work), operate(other, work))
    assert await documents(store_url) == {
        f"count-{turn}": [[e.version, e.position] for e in events if e.stream == f"count-{turn}"]
        for turn in (0, 1)
    }


@pytest.mark.stack
@pytest.mark.parametrize("folded", [False, True])
async def test_a_rebuild_halts_at_the_event_and_says_which(store_url: str, *, folded: bool) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(store_url, table()) as model,
        PostgresProgress.open(store_url) as progress,
    ):
        for number in range(1, 41):
            data = None if number == 27 else {"amount": number}
            await relaying.append_data(store, stream_name(f"account-{number % 3}"), data)
        await model.prepare()
        build = await DocumentBuild.begin(model) if folded else None
        with pytest.raises(ProjectionFailed, match=r"position 27 .*TypeError"):
            await rebuild(store, model, build=build, page=16)
        (state,) = await progress.states("amounts")
        assert (state.position, state.halted_at) == (26, 27)
        assert (state.last_error or "").startswith("TypeError: 'NoneType'")
        await skip(model, store, Position(27))
        build = await DocumentBuild.begin(model) if folded else None
        assert (await rebuild(store, model, build=build, page=16)).position == 40
        (state,) = await progress.states("amounts")
        assert (state.skipped, state.halted_at, state.last_error) == (1, None, None)
    kept = await documents(store_url)
    assert sorted(amount for seen in kept.values() for _, amount in seen) == [
        number for number in range(1, 41) if number != 27
    ]


@pytest.mark.stack
async def test_no_more_than_a_number_of_events_is_set_aside(postgres_url: str) -> None:
    events = log(9, streams=1)
    async with PostgresReadModel.open(postgres_url, table(mended=True)) as model:
        model.parking = PostgresParking(table(), limit=3)
        await model.prepare()
        checkpoint = await model.checkpoint()
        cause = Cause.of(ProjectionFailed("amounts", events[:1], "no"))
        checkpoint = await model.set_aside(events[0], checkpoint, AsideState.PARKED, cause, 1)
        checkpoint = await model.commit(events[1:3], checkpoint)
        with pytest.raises(ParkingFull, match="3 events are parked and held, and 3 is the most"):
            await model.commit(events[3:5], checkpoint)
        assert (await model.checkpoint()).position == 3


@pytest.mark.stack
async def test_generations_park_for_themselves(postgres_url: str) -> None:
    events = log(2, streams=1)
    async with (
        PostgresReadModel.open(postgres_url, table()) as first,
        PostgresReadModel.open(postgres_url, DocumentTable(Amounts(), 2)) as second,
    ):
        await first.prepare()
        await second.prepare()
        cause = Cause.of(ProjectionFailed("amounts", events[:1], "\0no"))
        await first.set_aside(events[0], await first.checkpoint(), AsideState.PARKED, cause, 1)
        assert aside(await set_aside_in(second)) == []
        assert (await second.checkpoint()).position == 0


def test_what_must_stay_in_order_is_the_projections_to_say() -> None:
    class Ordered(Amounts):
        def order_key(self, event: RecordedEvent) -> str:
            return str(event.data["n"] % 2)

    ordered = PostgresParking(DocumentTable(Ordered()))
    plain = PostgresParking(DocumentTable(Amounts()))
    event = log(3)[2]
    assert (ordered._order_key(event), plain._order_key(event)) == ("1", "count-2")


def test_a_cause_can_be_stored() -> None:
    error = ProjectionFailed("p", log(1), "boom")
    error.__cause__ = ValueError("\0\ud800" + "x" * 9_000)
    cause = Cause.of(error)
    assert len(cause.error) == 2_000
    assert cause.error.startswith("?x")
    assert len(cause.traceback) <= 4_000


def test_what_an_error_says_does_nothing_to_a_terminal() -> None:
    error = ProjectionFailed("p", log(1), "no\x1b[2J \x9b\r\n\té")
    assert error.reason == "no\\x1b[2J \\x9b\\x0d\n\té"
    error.__cause__ = ValueError("\x1b[31m")
    cause = Cause.of(error)
    assert "\x1b" not in str(error) + cause.error + cause.traceback
    assert cause.error == "\\x1b[31m"
