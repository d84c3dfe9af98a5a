"""`eventstore consumers`: lag that cannot be wrong, and whose partition is whose."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import asyncpg
import pytest

from eventstore.config import DATABASE_URL
from eventstore.consumer.postgres_checkpoint import PostgresCheckpoint, prepare
from eventstore.consumer.postgres_group import PostgresGroup
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position
from tests.support.commands import Run, runner
from tests.support.relaying import append

pytestmark = pytest.mark.stack


@pytest.fixture
def run(store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv(DATABASE_URL, store_url)
    return runner(monkeypatch, capsys)


async def save(url: str, name: str, position: int) -> None:
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        await prepare(connection)
        checkpoint = PostgresCheckpoint(name)
        await checkpoint.save(connection, Position(position), previous=Position(0))
    await connection.close()


async def filled(log_url: str, url: str) -> None:
    """A log of 9 events, a consumer at 7, and a group with one partition that has an owner."""
    async with PostgresEventStore.connect(log_url) as store:
        await append(store, 9)
    await save(url, "billing", 7)
    group = PostgresGroup.open(url, "mail", "a", partitions=2, lease_seconds=60)
    async with group as member:
        leases = (await member.renew()).leases
        await member.release({1: leases[1]})
        await member.advance({0: (leases[0], Position(9))})


def test_what_it_lists(run: Run, store_url: str) -> None:
    assert run("consumers").lines == []
    asyncio.run(filled(store_url, store_url))
    listed: list[dict[str, Any]] = run("consumers").lines
    owner = listed[1].pop("owner")
    assert owner.startswith("a/")
    assert listed == [
        {"consumer": "billing", "partition": None, "position": 7, "lag": 2}
        | {"owner": None, "token": None},
        {"consumer": "mail", "partition": 0, "position": 9, "lag": 0, "token": 1},
        {"consumer": "mail", "partition": 1, "position": 0, "lag": 9, "owner": None, "token": 2},
    ]


def test_on_a_terminal(run: Run, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    assert "no consumer has a checkpoint here" in run("consumers").out
    asyncio.run(filled(store_url, store_url))
    rows = [line.split() for line in run("consumers").out.splitlines()]
    assert rows[0] == ["lag", "position", "consumer", "partition", "owner"]
    assert rows[1] == ["2", "7", "billing"]
    assert rows[2][:4] == ["0", "9", "mail", "0"]
    assert rows[3] == ["9", "0", "mail", "1", "nobody"]


def test_the_checkpoints_of_another_database(run: Run, store_url: str, postgres_url: str) -> None:
    asyncio.run(filled(store_url, postgres_url))
    assert run("consumers").lines == []
    assert len(run("consumers", "--checkpoints-url", postgres_url).lines) == 3


def test_who_is_ahead_of_the_log_is_an_alarm(run: Run, store_url: str) -> None:
    asyncio.run(save(store_url, "billing", 3))
    said = run("consumers")
    assert said.code == 1
    assert said.lines[0]["lag"] == -3
    assert "the log went back" in said.err


def test_without_a_server(run: Run) -> None:
    said = run("consumers", "--checkpoints-url", "postgresql://127.0.0.1:1/none")
    assert said.code == 5
