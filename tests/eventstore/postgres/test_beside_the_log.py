"""What PostgreSQL keeps beside the log: snapshots, and the keys of subjects."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from eventstore import ANY, Event, StoreUnavailable, UpdateFailed, connect, stream_name
from eventstore.fold import Fold, load, save
from eventstore.postgres.snapshots import PostgresSnapshotStore
from eventstore.postgres.store import PostgresEventStore
from eventstore.postgres.subject_keys import PostgresSubjectKeys
from eventstore.sealing import MasterKeys
from eventstore.vault import Vault
from tests.contract.snapshot_store import SnapshotStoreContract, snapshot
from tests.contract.subject_keys import BOB, ZOE, SubjectKeysContract
from tests.support.stores import cable_to, events
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack


class TestPostgresSnapshotStore(SnapshotStoreContract):
    @pytest.fixture
    async def snapshots(self, store_url: str) -> AsyncIterator[PostgresSnapshotStore]:
        async with PostgresSnapshotStore.connect(store_url) as snapshots:
            yield snapshots


class TestPostgresSubjectKeys(SubjectKeysContract):
    @pytest.fixture
    async def keys(self, store_url: str) -> AsyncIterator[PostgresSubjectKeys]:
        async with PostgresSubjectKeys.connect(store_url, pool_size=8) as keys:
            yield keys


async def test_a_lost_answer_to_a_change_can_be_repeated(store_url: str) -> None:
    async with (
        cable_to(store_url) as (cable, url),
        PostgresSubjectKeys.connect(url, pool_size=1) as keys,
    ):
        await keys.add(BOB, b"his")  # prepares the statement
        cable.cut_before_next_answer()
        with pytest.raises(UpdateFailed, match="can be repeated") as caught:
            await keys.add(ZOE, b"key")
        assert not caught.value.definite
        assert await keys.add(ZOE, b"other") == b"key"


async def test_out_of_reach(killable_postgres: PostgresServer, killable_store_url: str) -> None:
    async with PostgresSnapshotStore.connect(killable_store_url) as snapshots:
        await snapshots.save(snapshot(1))
        await killable_postgres.kill()
        with pytest.raises(StoreUnavailable):
            await snapshots.save(snapshot(2))
        await killable_postgres.restart()
        assert await snapshots.load(snapshot(1).stream, "total", 1) == snapshot(1)


async def test_the_database_alone_opens_nothing_and_forgetting_changes_no_event(
    store_url: str,
) -> None:
    everything = (
        "SELECT string_agg(e::text, '|' ORDER BY e.position) FROM eventstore.events AS e",
        "SELECT string_agg(c::text, '|' ORDER BY c.last_position) FROM eventstore.commits AS c",
    )
    sql = await asyncpg.connect(store_url)
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresSubjectKeys.connect(store_url) as keys,
    ):
        vault = Vault(keys, MasterKeys({"m": b"m" * 32}))
        event = Event(type="placed", data={"name": "Zoë Example"})
        await store.append(
            stream_name("order-1"), [await vault.seal(event, ZOE, ["data.name"])], expected=ANY
        )
        before = [await sql.fetchval(statement) for statement in everything]
        assert all(before)
        assert "Example" not in before[0]
        (opened,) = await vault.open(await store.read_log())
        assert opened.data == {"name": "Zoë Example"}
        assert [e.data async for e in vault.export(store, ZOE)] == [{"name": "Zoë Example"}]
        await vault.forget(ZOE)
        (opened,) = await vault.open(await store.read_log())
        assert opened.data == {"name": None}
        assert [await sql.fetchval(statement) for statement in everything] == before
    await sql.close()


@pytest.mark.parametrize("damage", ['"half a \\ud800"', "null", "[]", '{"sum": "x"}'])
async def test_a_snapshot_that_somebody_damaged_is_ignored(store_url: str, damage: str) -> None:
    total = Fold(
        kind="total",
        schema_version=1,
        state_type=dict[str, int],
        initial=lambda: {"sum": 0},
        apply=lambda state, event: {"sum": state["sum"] + event.data["number"]},
    )
    stream = stream_name("order-1")
    async with connect(store_url) as store, PostgresSnapshotStore.connect(store_url) as snapshots:
        await store.append(stream, events(3), expected=ANY)
        await save(snapshots, stream, total, await load(store, stream, total))
        assert (await load(store, stream, total, snapshots=snapshots)).read == 0
        sql = await asyncpg.connect(store_url)
        await sql.execute("UPDATE eventstore.snapshots SET state = $1", damage)
        await sql.close()
        folded = await load(store, stream, total, snapshots=snapshots)
        assert (folded.state, folded.read) == ({"sum": 6}, 3)
        await save(snapshots, stream, total, folded)
        assert (await load(store, stream, total, snapshots=snapshots)).read == 0
