"""Both servers and our commands in one folder, over kills and between runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import asyncpg
import nats
import pytest

from eventstore.migrate import HEAD, current
from tests.support.processes import mentioning
from verification.cluster.cluster import Cluster
from verification.cluster.config import inherited_environment
from verification.errors import FolderUnusable, ServerFailed

pytestmark = pytest.mark.stack

Folders = Callable[[str], Path]


async def test_a_cluster_is_migrated_and_its_commands_run_on_it(server_folders: Folders) -> None:
    folder = server_folders("a cluster")
    async with Cluster.start(folder, fsync=False) as cluster:
        assert await current(cluster.database_url) == HEAD
        async with cluster.relay() as relay, asyncio.timeout(60):
            await stream_exists(cluster.nats_url)
            assert relay.alive
        assert relay.exit_code == 143
        left_to_the_cluster = cluster.relay()
        await left_to_the_cluster.start()
    assert not left_to_the_cluster.alive
    password = cluster.database_url.partition("postgres:")[2].partition("@")[0]
    for log in folder.rglob("*.log"):
        assert password not in log.read_text(encoding="utf-8"), log


async def stream_exists(url: str) -> None:
    connection = await nats.connect(url)
    try:
        while True:
            if "EVENTS" in [s.config.name for s in await connection.jetstream().streams_info()]:
                return
            await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def test_urls_are_not_on_a_command_line(server_folders: Folders) -> None:
    async with Cluster.start(server_folders("cluster"), fsync=False) as cluster:
        async with cluster.relay() as relay:
            words = command_line(relay.pid)
        assert "relay" in words
        assert "postgresql:" not in words


def command_line(pid: int | None) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


async def test_data_and_ports_are_kept_between_runs(server_folders: Folders) -> None:
    folder = server_folders("cluster")
    async with Cluster.start(folder, fsync=False, migrate=False) as first:
        urls = (first.database_url, first.nats_url)
        connection = await asyncpg.connect(first.database_url)
        await connection.execute("CREATE TABLE kept (n int)")
        await connection.close()
    async with Cluster.start(folder, fsync=False, migrate=False) as second:
        assert (second.database_url, second.nats_url) == urls
        connection = await asyncpg.connect(second.database_url)
        assert await connection.fetchval("SELECT count(*) FROM kept") == 0
        await connection.close()


async def test_two_clusters_at_the_same_time(server_folders: Folders) -> None:
    async with (
        Cluster.start(server_folders("one"), fsync=False, migrate=False) as one,
        Cluster.start(server_folders("two"), fsync=False, migrate=False) as two,
    ):
        used = {c.postgres.port for c in (one, two)} | {c.nats.port for c in (one, two)}
        assert len(used) == 4
        await one.postgres.kill()
        assert two.postgres.alive


async def test_when_one_server_fails_the_other_is_ended_too(server_folders: Folders) -> None:
    folder = server_folders("cluster")
    async with Cluster.start(folder, fsync=False, migrate=False) as cluster:
        pass
    (cluster.postgres.data / "global" / "pg_control").unlink()
    with pytest.raises(ServerFailed, match="pg_control"):
        async with Cluster.start(folder):
            pytest.fail("it started")
    assert mentioning(str(folder)) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"thesis.txt": ""}, "not empty, and was not made by Trueorder"),
        ({"trueorder.json": "{"}, "cannot be read"),
        ({"trueorder.json": '{"format": "trueorder.cluster/9"}'}, "not of the format"),
        ({"trueorder.json": "[]"}, "not of the format"),
    ],
)
async def test_a_foreign_folder_is_refused_and_left_alone(
    tmp_path: Path, content: dict[str, str], reason: str
) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(FolderUnusable, match=reason):
        async with Cluster.start(tmp_path):
            pytest.fail("it started")
    assert sorted(names_in(tmp_path)) == sorted(content)


def names_in(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


async def test_a_claim_that_was_cut_short_is_ours(server_folders: Folders) -> None:
    folder = server_folders("cluster")
    folder.mkdir()
    (folder / "trueorder.json.new").write_text('{"for', encoding="utf-8")
    async with Cluster.start(folder, fsync=False, migrate=False) as cluster:
        marker = json.loads((folder / "trueorder.json").read_text(encoding="utf-8"))
        assert marker["postgres_port"] == cluster.postgres.port


def test_a_user_s_settings_for_another_server_are_not_inherited() -> None:
    ours = inherited_environment({"PATH": "/bin", "PGSSLMODE": "require", "PGHOST": "db"})
    assert ours == {"PATH": "/bin"}
