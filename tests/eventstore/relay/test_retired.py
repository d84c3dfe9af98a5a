"""The relay goes on over what was archived or retired, and finds nothing wrong with it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from eventstore import Position, connect, wire
from eventstore import jetstream as nats_side
from eventstore.cli import relay_heal
from eventstore.postgres.archive import archive
from eventstore.postgres.retention import Policy, PostgresRetention
from tests.support import relaying as support

pytestmark = pytest.mark.stack


async def test_the_relay_goes_on(store_url: str, nats_url: str, tmp_path: Path) -> None:
    async with connect(store_url) as store, PostgresRetention.connect(store_url) as retention:
        async with support.relaying(store_url, nats_url):
            await support.append(store, 3, stream="visit-1")
            await support.relayed(nats_url, 3)
        await support.append(store, 2, stream="visit-1")
        await retention.set(Policy(kind="category", name="visit", days=0))
        (done,) = await retention.run(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
        assert done.retired == 5
        await archive(store_url, tmp_path, until=Position(4))
        async with support.relaying(store_url, nats_url):
            await support.append(store, 1, stream="visit-1")
            await support.relayed(nats_url, 6)
    healing = await relay_heal.heal(
        store_url, nats_url, save_lost=None, new_epoch=False, timeout_seconds=10
    )
    assert healing.differs_at is None
    assert healing.agrees_to == 6
    async with nats_side.connect(nats_url, name="test") as connection:
        message = await connection.api.get_msg(wire.STREAM, 4)
    event = wire.decode(message.subject or "", message.headers, message.data or b"")
    assert event.retired
