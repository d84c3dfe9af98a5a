from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from eventstore.errors import StreamUnavailable
from eventstore.jetstream import connect
from eventstore.postgres.lease import holder_of
from eventstore.relay.ports import LastMessage, StreamState
from eventstore.stream import Position
from projector.cli import main
from projector.cli.exits import Exit, exit_of
from projector.cli.feed import _state as state_of_feed
from projector.cli.feed import begin, end, status, trim
from projector.errors import ConfigError, FeedUnknown
from projector.feed import postgres_feed
from projector.feed.change import id_of
from projector.feed.postgres_feed import FeedState
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.projections.event_counts import EventCounts
from tests.support.recorded import log
from tests.support.relaying import until

COMMAND = Path(sys.executable).parent / "projector"
NAME = "event-counts"
IDENTITY = UUID(int=7)


@contextmanager
def feed_running(
    postgres_url: str, nats_url: str, *, name: str = NAME
) -> Iterator[subprocess.Popen[str]]:
    urls = ["--database-url", postgres_url, "--nats-url", nats_url]
    process = subprocess.Popen(
        [COMMAND, "feed", "run", name, *urls], stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def carries(postgres_url: str) -> bool:
    return await holder_of(postgres_url, f"projector feed {NAME} 1") is not None


async def streams(nats_url: str) -> list[str]:
    async with connect(nats_url, name="test") as link:
        found = [info.config.name or "" for info in await link.api.streams_info()]
    return [name for name in found if NAME in name]


@pytest.mark.stack
async def test_a_feed_is_begun_carried_and_ended_by_command(
    postgres_url: str, nats_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def asked() -> Any:
        capsys.readouterr()
        await status(NAME, database_url=postgres_url, nats_url=nats_url, json=True)
        return msgspec.json.decode(capsys.readouterr().out)

    async def carried() -> bool:
        return bool((await asked())["lag"] == 0)

    with pytest.raises(FeedUnknown):
        await status(NAME, database_url=postgres_url, nats_url=nats_url)
    await begin(NAME, database_url=postgres_url)
    assert capsys.readouterr().out == (
        "event-counts, generation 1: changes are recorded, the last is 0\n"
        "stream    CHANGES-event-counts-1\nbucket    read-event-counts-1\n"
    )
    async with PostgresReadModel.open(postgres_url, DocumentTable(EventCounts())) as model:
        checkpoint = await model.commit(log(3), await model.checkpoint())
        await model.commit(log(4)[3:], checkpoint)
    assert await asked() == {
        "projection": NAME,
        "generation": 1,
        "state": "no stream",
        "stream": "CHANGES-event-counts-1",
        "bucket": "read-event-counts-1",
        "last_change": 2,
        "last_sequence": None,
        "lag": 2,
    }
    with feed_running(postgres_url, nats_url) as process:
        await until(carried)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 143, said
    await status(NAME, database_url=postgres_url, nats_url=nats_url)
    said = capsys.readouterr().out
    assert said.startswith("event-counts, generation 1: caught up\n")
    assert "last sequence    2\nlag              0\n" in said
    await trim(NAME, keep=1, database_url=postgres_url, nats_url=nats_url)
    assert capsys.readouterr().out == "event-counts, generation 1: 1 changes were forgotten\n"
    with feed_running(postgres_url, nats_url) as process:
        await until(lambda: carries(postgres_url))
        await end(NAME, database_url=postgres_url, nats_url=nats_url)
        assert capsys.readouterr().out.endswith("changes are not recorded any more\n")
        _, said = process.communicate(timeout=20)
    assert process.returncode == Exit.USAGE, said
    assert "are not recorded: begin with" in said
    assert await streams(nats_url) == []


class Balances(EventCounts):
    """Of a module that whoever runs a command by its name does not have at hand."""

    name = "balances"


@pytest.mark.stack
async def test_what_does_not_project_takes_a_bare_name(
    postgres_url: str, nats_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table = DocumentTable(Balances())
    with pytest.raises(FeedUnknown):
        await end("balances", database_url=postgres_url, nats_url=nats_url)
    async with PostgresReadModel.open(postgres_url, table) as model:
        await model.prepare()
        await postgres_feed.begin(model, table, identity=IDENTITY)
        checkpoint = await model.commit(log(3), await model.checkpoint())
        await model.commit(log(4)[3:], checkpoint)
    with feed_running(postgres_url, nats_url, name="balances"):

        async def carried() -> bool:
            capsys.readouterr()
            await status("balances", database_url=postgres_url, nats_url=nats_url, json=True)
            return bool(msgspec.json.decode(capsys.readouterr().out)["lag"] == 0)

        await until(carried)
        await trim("balances", keep=1, database_url=postgres_url, nats_url=nats_url)
        assert capsys.readouterr().out == "balances, generation 1: 1 changes were forgotten\n"
        await end("balances", database_url=postgres_url, nats_url=nats_url)
    with pytest.raises(FeedUnknown):
        await status("balances", database_url=postgres_url, nats_url=nats_url)
    with pytest.raises(FeedUnknown, match="generation 2"):
        await end("balances", generation=2, database_url=postgres_url, nats_url=nats_url)
    with pytest.raises(ConfigError, match="'Bal ances'"):
        await status("Bal ances", database_url=postgres_url, nats_url=nats_url)


@pytest.mark.stack
async def test_an_end_that_nats_did_not_hear_of_is_made_up_for(
    postgres_url: str, nats_url: str
) -> None:
    await begin(NAME, database_url=postgres_url)
    with feed_running(postgres_url, nats_url):

        async def made() -> bool:
            return len(await streams(nats_url)) == 2

        await until(made)
    with pytest.raises(StreamUnavailable):
        await end(NAME, database_url=postgres_url, nats_url="nats://127.0.0.1:1")
    assert len(await streams(nats_url)) == 2
    await end(NAME, database_url=postgres_url, nats_url=nats_url)
    assert await streams(nats_url) == []
    with pytest.raises(FeedUnknown):
        await end(NAME, database_url=postgres_url, nats_url=nats_url)


@pytest.mark.parametrize(
    ("last", "missing", "identity", "state"),
    [
        (4, 0, IDENTITY, "behind"),
        (5, 0, IDENTITY, "caught up"),
        (5, 1, IDENTITY, "damaged: the stream lost messages"),
        (6, 0, IDENTITY, "diverged: the stream is of another feed"),
        (5, 0, UUID(int=8), "diverged: the stream is of another feed"),
    ],
)
def test_no_lag_over_a_stream_of_another_feed_is_shown(
    last: int, missing: int, identity: UUID, state: str
) -> None:
    recorded = FeedState(feed=1, identity=IDENTITY, last_number=5)
    message = LastMessage(position=Position(last), event_id=id_of(identity, last))
    stream = StreamState(last_sequence=last, last=message, missing=missing)
    assert state_of_feed(recorded, stream) == state


@pytest.mark.stack
async def test_what_somebody_else_published_is_said_with_what_to_do(
    postgres_url: str, nats_url: str
) -> None:
    await begin(NAME, database_url=postgres_url)
    with feed_running(postgres_url, nats_url) as process:

        async def published() -> bool:
            if len(await streams(nats_url)) < 2:
                return False
            async with connect(nats_url, name="test") as link:
                await link.api.publish(f"changes.{NAME}.1.stranger", b"1")
            return True

        await until(published)
        _, said = process.communicate(timeout=20)
    assert process.returncode == Exit.VIOLATION, said
    assert "Begin anew, by `projector feed end`" in said
    assert "relay heal" not in said


async def test_only_documents_have_a_feed() -> None:
    with pytest.raises(ConfigError, match="only documents have a change feed"):
        await begin("stream-totals", database_url="postgresql://u@127.0.0.1:1/nowhere")


def test_exit_codes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_of(FeedUnknown("counts", 2)) == Exit.USAGE
    url = "postgresql://u:hidden-password@127.0.0.1:1/nowhere"
    monkeypatch.setattr(sys, "argv", ["projector", "feed", "begin", NAME, "--database-url", url])
    assert main() == Exit.INFRASTRUCTURE
    said = capsys.readouterr().err
    assert "no answer from the read model at 127.0.0.1:1" in said
    assert "hidden-password" not in said
