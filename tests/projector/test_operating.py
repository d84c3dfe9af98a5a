"""Operating projectors from the command line: what is behind, what is parked, and what to do."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from eventstore.errors import EventStoreError
from eventstore.postgres.store import PostgresEventStore
from eventstore.stream import Position, StreamName, stream_name
from projector.cli import app
from projector.cli.exits import Exit, exit_of
from projector.cli.lag import lag
from projector.cli.measuring import measuring
from projector.cli.top import top
from projector.errors import GenerationUnknown, ProjectorError
from projector.postgres import PostgresReadModel
from projector.postgres_documents import DocumentTable
from projector.postgres_generations import switch
from projector.projection import load_projection
from projector.rebuild import rebuild
from tests.support import relaying

COMMAND = Path(sys.executable).parent / "projector"
PROJECTION = """
from projector.documents import Update

MENDED = {mended}

class Amounts:
    name = "amounts"
    identity = "the amounts of a till"  # in whatever module

    def project(self, event):
        if event.data is None and MENDED:
            return
        amount = event.data["amount"]
        yield Update(event.stream, lambda total: (total or 0) + amount)
"""
URL, NATS = "--database-url", "--nats-url"


class Shop:
    """A folder with a projection in it, servers with a log, and the command run on them."""

    def __init__(
        self, folder: Path, store_url: str, nats_url: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self.store_url = store_url
        self.nats_url = nats_url
        self._capsys = capsys
        # A module of a name of its own, since a test before may have imported another.
        self.broken, self.mended = (f"{kind}_{uuid4().hex}" for kind in ("broken", "mended"))
        for name, mended in ((self.broken, False), (self.mended, True)):
            (folder / f"{name}.py").write_text(PROJECTION.format(mended=mended))

    async def run(self, *arguments: str, nats_too: bool = False) -> tuple[int, str, str]:
        """Run the command in this process; return its exit code and what it printed and said."""
        also = [NATS, self.nats_url] if nats_too else []
        self._capsys.readouterr()
        try:
            ended = await app.run_async([*arguments, URL, self.store_url, *also])
        except (ProjectorError, EventStoreError) as error:
            sys.stderr.write(str(error))
            ended = exit_of(error)
        printed = self._capsys.readouterr()
        return int(ended or 0), printed.out, printed.err

    @asynccontextmanager
    async def projecting(self, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            "run",
            f"{self.broken}:Amounts",
            *options,
            URL,
            self.store_url,
            NATS,
            self.nats_url,
            cwd=self.folder,
            stderr=subprocess.PIPE,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.communicate(), 30)

    async def measured(self) -> tuple[int, list[dict[str, Any]]]:
        code, out, _ = await self.run("lag", "--json", nats_too=True)
        return code, msgspec.json.decode(out)

    async def until(self, **expected: object) -> None:
        async def so() -> bool:
            async with measuring(
                None, database_url=self.store_url, nats_url=self.nats_url, store_url=None
            ) as ask:
                found = await ask()
            return any(
                all(getattr(one, name) == value for name, value in expected.items())
                for one in found
            )

        await relaying.until(so)


@pytest.fixture
def shop(
    tmp_path: Path,
    store_url: str,
    nats_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return Shop(tmp_path, store_url, nats_url, capsys)


async def sell(store: PostgresEventStore, stream: StreamName, *amounts: int | None) -> Position:
    position = Position(0)
    for amount in amounts:
        data = None if amount is None else {"amount": amount}
        position = await relaying.append_data(store, stream, data)
    return position


@pytest.mark.stack
async def test_an_operator_finds_what_is_parked_and_lets_it_go(shop: Shop) -> None:
    till, other = stream_name("till-1"), stream_name("till-2")
    async with (
        PostgresEventStore.connect(shop.store_url) as store,
        relaying.relaying(shop.store_url, shop.nats_url),
    ):
        await sell(store, till, 1, None, 3)
        await sell(store, other, 5)
        async with shop.projecting("--on-poison", "park", "--attempts", "2"):
            await shop.until(projection="amounts", checkpoint=4, parked=1, held=1)
            code, (found,) = await shop.measured()
            assert (code, found["lag"], found["state"]) == (Exit.INCOMPLETE, 2, "incomplete")
            assert found["last_error"].startswith("TypeError: 'NoneType' object is not subscript")
            code, out, _ = await shop.run("status", "amounts", nats_too=True)
            assert (code, "1 parked, 1 held, 0 skipped" in out) == (Exit.INCOMPLETE, True)

            code, out, _ = await shop.run("park", "amounts", "--json")
            listed = msgspec.json.decode(out)
            assert code == Exit.INCOMPLETE
            assert [(one["position"], one["state"]) for one in listed] == [
                (2, "parked"),
                (3, "held"),
            ]
            code, out, _ = await shop.run("park", "amounts", "--show", "2")
            assert 'amount = event.data["amount"]' in out
            assert "attempts     2" in out
            code, out, _ = await shop.run("park", "amounts")
            assert "2  parked  till-1     Counted  TypeError: 'Non" in out

            code, out, _ = await shop.run("replay", f"{shop.broken}:Amounts", till)
            assert (code, "position 2 failed again" in out) == (Exit.INCOMPLETE, True)
            code, out, _ = await shop.run("replay", f"{shop.mended}:Amounts", "--all")
            assert out == "till-1: 2 applied\n"
            head = await sell(store, till, 7)
            await shop.until(projection="amounts", checkpoint=head, state="caught up", lag=0)
        code, out, _ = await shop.run("park", "amounts")
        assert (code, out) == (0, "none\n")
        passed = await shop.run("tail", "amounts", "--after", "0", "--limit", "5", nats_too=True)
        assert [line.split()[:2] for line in passed[1].splitlines()] == [
            ["applied", str(n)] for n in range(1, 6)
        ]
    assert await total(shop.store_url, till) == 11


async def total(url: str, key: str) -> Any:
    table = DocumentTable(_amounts())
    async with PostgresReadModel.open(url, table) as model, model.transaction() as connection:
        return await table.read(connection, key)


def _amounts() -> Any:
    names: dict[str, Any] = {}
    exec(PROJECTION.format(mended=True), names)  # noqa: S102 - our own text
    return names["Amounts"]()


@pytest.mark.stack
async def test_a_halt_is_seen_skipped_and_stays_counted(shop: Shop) -> None:
    till = stream_name("till-1")
    async with (
        PostgresEventStore.connect(shop.store_url) as store,
        relaying.relaying(shop.store_url, shop.nats_url),
    ):
        await sell(store, till, 1, None, 3)
        async with shop.projecting("--attempts", "1") as process:
            assert await asyncio.wait_for(process.wait(), 60) == Exit.INTERNAL
        code, (found,) = await shop.measured()
        assert (code, found["state"], found["halted_at"]) == (Exit.INCOMPLETE, "halted", 2)
        assert "TypeError" in found["last_error"]
        code, _, said = await shop.run("skip", f"{shop.broken}:Amounts", "3")
        assert (code, "so only 2 can be skipped" in said) == (Exit.USAGE, True)
        code, out, _ = await shop.run("skip", f"{shop.broken}:Amounts", "2")
        assert (code, out) == (0, "skipped position 2, Counted in till-1\n")
        _, out, _ = await shop.run("park", "amounts", "--show", "2", "--json")
        assert msgspec.json.decode(out)["error_type"] == "TypeError", "why it halted there is kept"
        code, out, _ = await shop.run("replay", f"{shop.mended}:Amounts", "--all")
        assert (code, out) == (0, "nothing is parked or held\n")
        async with shop.projecting():
            await shop.until(checkpoint=3, state="caught up", lag=0, skipped=1, last_error=None)
        passed = await shop.run(
            "tail", "amounts", "--after", "0", "--limit", "3", "--json", nats_too=True
        )
        lines = [msgspec.json.decode(line) for line in passed[1].splitlines()]
        assert [one["what"] for one in lines] == ["applied", "skipped", "applied"]


@pytest.mark.stack
async def test_operators_mean_the_generation_that_is_read(shop: Shop) -> None:
    """And the first event of all can be skipped too."""
    async with (
        PostgresEventStore.connect(shop.store_url) as store,
        PostgresReadModel.open(shop.store_url, DocumentTable(_amounts())) as first,
        PostgresReadModel.open(shop.store_url, DocumentTable(_amounts(), 2)) as second,
    ):
        await sell(store, stream_name("till-1"), None, 3)
        await first.prepare()
        await second.prepare()
        async with second.transaction() as connection:
            await switch(connection, second.projection)
        code, _, _ = await shop.run("skip", f"{shop.mended}:Amounts", "1")
        assert code == 0
        assert (await first.checkpoint()).position == 0
        assert (await second.checkpoint()).position == 1
        code, out, _ = await shop.run("park", "amounts", "--json")
        assert (code, [one["position"] for one in msgspec.json.decode(out)]) == (0, [1])
        code, out, _ = await shop.run(
            "switch", f"{shop.mended}:Amounts", "--even-if-behind", "--json"
        )
        assert msgspec.json.decode(out) == {"projection": "amounts", "generation": 1, "before": 2}
        code, out, _ = await shop.run("park", "amounts", "--generation", "1")
        assert (code, out) == (0, "none\n")


@pytest.mark.stack
async def test_what_is_not_there_is_said(shop: Shop) -> None:
    assert (await shop.run("lag", nats_too=True))[0] == Exit.INFRASTRUCTURE, "there is no stream"
    code, _, said = await shop.run("park", "amounts")
    assert (code, "no generation 1, there is none at all" in said) == (Exit.USAGE, True)
    code, _, said = await shop.run("switch", f"{shop.broken}:Amounts")
    assert (code, "no generation 1, there is none at all" in said) == (Exit.USAGE, True)
    code, _, said = await shop.run("replay", f"{shop.broken}:Amounts", "x")
    assert (code, "no generation 1, there is none at all" in said) == (Exit.USAGE, True)
    code, _, said = await shop.run("replay", f"{shop.broken}:Amounts")
    assert (code, "or say --all" in said) == (Exit.USAGE, True)
    async with PostgresReadModel.open(shop.store_url, DocumentTable(_amounts())) as model:
        await model.prepare()
        checkpoint = await model.checkpoint()
        async with model.transaction() as connection:
            await model.advance(connection, checkpoint, Position(5))
    code, _, said = await shop.run("tail", "amounts", "--after", "0", nats_too=True)
    assert (code, "position 5, the log ends at 0" in said) == (Exit.VIOLATION, True)


@pytest.mark.stack
async def test_a_hole_is_never_a_lag_of_zero(
    store_url: str, nats_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither where the stream lost its tail or its midst, nor where the log itself did."""
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(store_url, load()) as model,
    ):
        await relaying.append(store, 4)
        await relaying.holed_stream(nats_url, store, [2])
        await model.prepare()
        await rebuild(store, model)
        await relaying.append(store, 3)  # the relay stands still: the stream has no news

        async def asked() -> tuple[int, dict[str, Any]]:
            code = await lag(database_url=store_url, nats_url=nats_url, json=True)
            (found,) = msgspec.json.decode(capsys.readouterr().out)
            return code, found

        code, found = await asked()
        assert (code, found["lag"], found["last_sequence"], found["state"]) == (0, 3, 4, "behind")
        assert found["stream_holes"] == 1

        connection = await asyncpg.connect(store_url)
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DELETE FROM eventstore.events WHERE position = 5")
        await connection.close()
        code, found = await asked()
        assert (code, found["state"], found["hole"]) == (1, "before a hole in the log", 5)
        assert found["lag"] == 3


def load() -> DocumentTable:
    loaded = load_projection("event-counts")
    assert not hasattr(loaded, "tables")
    return DocumentTable(loaded)


@pytest.mark.stack
async def test_top_shows_all_projections_once(
    store_url: str, nats_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        PostgresEventStore.connect(store_url) as store,
        PostgresReadModel.open(store_url, load()) as model,
        relaying.relaying(store_url, nats_url),
    ):
        await relaying.relayed(nats_url, await relaying.append(store, 4))
        await model.prepare()
        await rebuild(store, model)
        servers = {"database_url": store_url, "nats_url": nats_url, "interval": 0.1}
        assert await top(**servers, once=True) == Exit.OK  # type: ignore[arg-type]
        assert "event-counts 1*" in capsys.readouterr().out
        assert await top(**servers, json=True) == Exit.OK  # type: ignore[arg-type]
        (found,) = msgspec.json.decode(capsys.readouterr().out)
        assert (found["checkpoint"], found["state"]) == (4, "caught up")
        with pytest.raises(GenerationUnknown, match="'evnt-counts' has no generation 1"):
            await lag("evnt-counts", database_url=store_url, nats_url=nats_url)
