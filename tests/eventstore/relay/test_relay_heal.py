from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import nats
import pytest
from nats.js.api import StreamConfig

from eventstore import wire
from eventstore.cli import relay as cli
from eventstore.cli import relay_heal, relay_status
from eventstore.cli.transfer import import_log
from eventstore.errors import ConfigError, EventDamaged, ReadFailed
from eventstore.migrate import migrate
from eventstore.postgres.importer import Importer
from eventstore.postgres.store import PostgresEventStore
from tests.support import relaying as support
from tests.support.servers import delete_all_streams
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack


@pytest.fixture
async def restored_url(
    postgres_server: PostgresServer, store_url: str, nats_url: str
) -> AsyncIterator[str]:
    """A log of five events, restored from a backup of its first three; JetStream holds all."""
    url = await postgres_server.create_database("restored")
    try:
        await migrate(url)
        async with (
            PostgresEventStore.connect(store_url) as store,
            support.relaying(store_url, nats_url),
        ):
            for n in range(5):
                await support.append(store, 1, stream=f"count-{n % 2}")
            await support.relayed(nats_url, 5)
            backup = await store.read_log(limit=3)
        async with Importer.open(url, log="default", timeout_seconds=10) as importer:
            await importer.take(backup)
        yield url
    finally:
        await postgres_server.drop_database("restored")


async def heal(
    url: str, nats_url: str, *, save_lost: Path | None = None, new_epoch: bool = False
) -> relay_heal.Healing:
    return await relay_heal.heal(
        url,
        nats_url,
        save_lost=save_lost,
        new_epoch=new_epoch,
        timeout_seconds=10,
    )


async def status(url: str, nats_url: str) -> relay_status.RelayStatus:
    return await relay_status.ask(url, nats_url, 10)


async def test_what_the_log_lost_can_be_brought_back_from_the_stream(
    restored_url: str, nats_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (await status(restored_url, nats_url)).state == relay_status.AHEAD
    file = tmp_path / "lost"
    assert await cli.heal(database_url=restored_url, nats_url=nats_url, save_lost=file) == 1
    said = capsys.readouterr().out
    assert said.startswith("diverged\ncompared         3 messages, up to position 3\n")
    assert "differs at       4: the log does not hold that message" in said
    assert "saved            2 events" in said
    await import_log(file, database_url=restored_url)
    found = await heal(restored_url, nats_url)
    assert (found.state, found.compared, found.epoch) == (relay_heal.WHOLE, 5, 1)
    assert (await status(restored_url, nats_url)).state == relay_status.CAUGHT_UP


async def test_a_new_epoch_leaves_behind_what_the_log_lost_and_keeps_it_in_a_file(
    restored_url: str, nats_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "lost"
    async with PostgresEventStore.connect(restored_url) as store:
        await support.append(store, 4, stream="count-9")
        assert (await status(restored_url, nats_url)).state == relay_status.DIFFERS
        found = await heal(restored_url, nats_url, save_lost=file, new_epoch=True)
        assert (found.state, found.agrees_to, found.saved) == (relay_heal.NEW_EPOCH, 3, 2)
        assert len(file.read_bytes().splitlines()) == 4, "a header, two events, a last line"
        async with support.relaying(restored_url, nats_url):
            await support.relayed(nats_url, 7)
        await support.assert_the_stream_is_the_log(store, nats_url)
    after = await status(restored_url, nats_url)
    assert (after.state, after.epoch) == (relay_status.CAUGHT_UP, found.epoch)
    assert after.epoch is not None
    assert after.epoch > 1
    assert after.epoch_after == 3
    assert after.made_because == "the log went back to position 3"
    # All of JetStream is lost: the log remembers its epoch.
    await delete_all_streams(nats_url)
    async with support.relaying(restored_url, nats_url):
        await support.relayed(nats_url, 7)
    again = await status(restored_url, nats_url)
    assert (again.epoch, again.epoch_after) == (found.epoch, 3)
    assert again.made_because == "there was none"


async def test_an_epoch_that_cannot_be_kept_in_the_log_does_not_begin(
    restored_url: str, nats_url: str, tmp_path: Path
) -> None:
    """Somebody else's table is in the way; the stream stays as it is."""
    connection = await asyncpg.connect(restored_url)
    await connection.execute("CREATE SCHEMA relay; CREATE TABLE relay.epochs (n integer)")
    await connection.close()
    before = await status(restored_url, nats_url)
    with pytest.raises(ReadFailed):
        await heal(restored_url, nats_url, save_lost=tmp_path / "lost", new_epoch=True)
    assert await status(restored_url, nats_url) == before


async def test_a_new_epoch_without_a_place_for_what_is_lost_is_refused(
    store_url: str, nats_url: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="the only copy"):
        await heal(store_url, nats_url, new_epoch=True)
    there = tmp_path / "there"
    there.touch()
    with pytest.raises(ConfigError, match="exists: name a new file"):
        await heal(store_url, nats_url, save_lost=there)


async def test_a_message_changed_in_the_middle_is_found_by_the_audit_alone(
    store_url: str, nats_url: str
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        await support.append(store, 4)
        events = await store.read_log(limit=4)
    client = await nats.connect(nats_url)
    api = client.jetstream()
    await api.add_stream(name=wire.STREAM, subjects=[wire.SUBJECTS])
    for event in events:
        message = wire.encode(event)
        body = b'{"n":-1}' if event.position == 2 else message.body
        await api.publish(message.subject, body, headers=message.headers)
    await client.close()
    assert (await status(store_url, nats_url)).state == relay_status.CAUGHT_UP
    found = await heal(store_url, nats_url)
    assert (found.state, found.agrees_to, found.differs_at) == (relay_heal.DIVERGED, 1, 2)


async def test_a_damaged_stream_is_shown_as_that_and_made_anew(
    store_url: str, nats_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client = await nats.connect(nats_url)
    api = client.jetstream()
    await api.add_stream(StreamConfig(name=wire.STREAM, subjects=[wire.SUBJECTS]))
    async with PostgresEventStore.connect(store_url) as store:
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, await support.append(store, 6))
        await api.delete_msg(wire.STREAM, 4)
        await api.delete_msg(wire.STREAM, 6)
        await client.close()
        found = await status(store_url, nats_url)
        assert (found.state, found.lag, found.missing) == (relay_status.DAMAGED, 0, 2)
        assert "lost messages    2" in relay_status.text(found)
        assert await cli.heal(database_url=store_url, nats_url=nats_url) == 0
        assert capsys.readouterr().out.startswith("made anew: a relay fills it\n")
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, 6)
        await support.assert_the_stream_is_the_log(store, nats_url)
    assert (await heal(store_url, nats_url)).state == relay_heal.WHOLE


@pytest.mark.parametrize("relayed_before", [False, True], ids=["relayed", "not relayed"])
async def test_an_event_that_nobody_can_decode_is_named(
    store_url: str, nats_url: str, capsys: pytest.CaptureFixture[str], *, relayed_before: bool
) -> None:
    """Somebody wrote past the store, before the relay came by or behind its back."""
    async with PostgresEventStore.connect(store_url) as store:
        await support.append(store, 5)
    if relayed_before:
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, 5)
    await write_past_the_store(store_url, "data", '{"half a surrogate": "\\ud800"}')
    if not relayed_before:
        async with support.relaying(store_url, nats_url):
            await support.relayed(nats_url, 5)
    found = await heal(store_url, nats_url)
    assert (found.state, found.agrees_to) == (relay_heal.UNREADABLE, 2)
    assert (found.unreadable_at, found.differs_at) == (3, 3 if relayed_before else None)
    assert await cli.heal(database_url=store_url, nats_url=nats_url) == 1
    said = capsys.readouterr().out
    assert "unreadable       position 3: " in said
    assert ("has another one" if relayed_before else "has the same") in said
    assert "restore the\nrow from a backup" in said
    await write_past_the_store(store_url, "data", '{"n":3}')
    after = await heal(store_url, nats_url)
    assert after.unreadable_at is None


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("type", "x" * 4000, "its subject has 4021 bytes"),
        ("metadata", '{"\\ud800": 1}', "truncated"),
    ],
)
async def test_an_event_that_cannot_be_a_message_is_named(
    store_url: str, nats_url: str, column: str, value: str, reason: str
) -> None:
    async with PostgresEventStore.connect(store_url) as store:
        await support.append(store, 5)
    async with support.relaying(store_url, nats_url):
        await support.relayed(nats_url, 5)
    await write_past_the_store(store_url, column, value)
    with pytest.raises(EventDamaged, match=f"event at position 3 cannot be decoded: .*{reason}"):
        await heal(store_url, nats_url)


async def write_past_the_store(url: str, column: str, value: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(
        f"UPDATE eventstore.events SET {column} = $1 WHERE position = 3",  # noqa: S608
        value,
    )
    await connection.close()


async def test_without_a_stream_there_is_nothing_to_heal(store_url: str, nats_url: str) -> None:
    assert (await heal(store_url, nats_url)).state == relay_heal.NO_STREAM
