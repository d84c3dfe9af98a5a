"""The epochs of the log in its own database."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from eventstore.epoch import Epoch
from eventstore.postgres.epochs import read_epoch, record_epoch
from eventstore.stream import Position

pytestmark = pytest.mark.stack


async def test_what_is_recorded_is_read_with_all_before_it(postgres_url: str) -> None:
    connections = [await asyncpg.connect(postgres_url) for _ in range(3)]
    here, *_ = connections
    assert await read_epoch(here, "EVENTS") == Epoch()
    first = Epoch(number=10, after=Position(100))
    second = Epoch(number=20, after=Position(50), earlier=first.began)
    await asyncio.gather(*(record_epoch(each, "EVENTS", first) for each in connections))
    assert await read_epoch(here, "EVENTS") == first
    await record_epoch(here, "EVENTS", second)
    await record_epoch(here, "EVENTS", first)
    await record_epoch(here, "EVENTS", Epoch())
    assert await read_epoch(here, "EVENTS") == second
    assert await read_epoch(here, "OTHER") == Epoch()
    for each in connections:
        await each.close()


async def test_whoever_may_connect_may_read_it(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    epoch = Epoch(number=10, after=Position(100))
    await record_epoch(connection, "EVENTS", epoch)
    await connection.execute("SET ROLE pg_monitor")
    assert await read_epoch(connection, "EVENTS") == epoch
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await record_epoch(connection, "EVENTS", epoch)
    await connection.close()
