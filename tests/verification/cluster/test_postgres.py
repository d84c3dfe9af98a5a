"""One PostgreSQL of ours: durable by default, the same after every death, clear in its errors."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from verification.cluster import ports, server
from verification.cluster.folder import lock_folder
from verification.cluster.installation import PostgresInstallation, find_postgres
from verification.cluster.ports import LOOPBACK
from verification.cluster.postgres import PostgresServer
from verification.errors import FolderInUse, FolderUnusable, PortTaken, ServerFailed

pytestmark = pytest.mark.stack


async def setting(server: PostgresServer, name: str) -> str:
    async with server.connection() as connection:
        return str(await connection.fetchval(f"SHOW {name}"))


async def test_a_new_server_keeps_what_it_acknowledges(tmp_path: Path) -> None:
    async with PostgresServer(tmp_path / "a b") as server:
        found = {
            name: await setting(server, name)
            for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums")
        }
        assert set(found.values()) == {"on"}
        assert await setting(server, "server_encoding") == "UTF8"
        assert await setting(server, "lc_messages") == "C"
        assert await setting(server, "listen_addresses") == LOOPBACK
        # Neither in a socket folder nor in /dev/shm, where a kill -9 would leave files.
        assert await setting(server, "unix_socket_directories") == ""
        assert await setting(server, "dynamic_shared_memory_type") == "mmap"


async def test_the_password_is_asked_for_and_in_no_log(killable_postgres: PostgresServer) -> None:
    url = killable_postgres.url
    password = url.partition("postgres:")[2].partition("@")[0]
    assert len(password) > 20
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url.replace(password, "guess"))
    assert password not in killable_postgres.log.read_text(encoding="utf-8")
    assert (killable_postgres.folder / "password").stat().st_mode & 0o777 == 0o600


async def test_settings_of_the_caller_win(killable_postgres: PostgresServer) -> None:
    await killable_postgres.stop()
    settings = {"max_connections": "7", "timezone": "Europe/Vienna"}
    async with PostgresServer(killable_postgres.folder, settings=settings) as server:
        assert await setting(server, "max_connections") == "7"
        assert await setting(server, "timezone") == "Europe/Vienna"


async def test_a_killed_server_comes_back_on_its_port_with_its_data(
    killable_postgres: PostgresServer,
) -> None:
    server = killable_postgres
    url = server.url
    async with server.connection() as connection:
        await connection.execute("CREATE TABLE t (n int); INSERT INTO t VALUES (1)")
    for _ in range(3):
        await server.kill()
        assert (server.alive, server.pid, server.crashed) == (False, None, False)
        assert server.exit_code == -9
        with pytest.raises(OSError, match=r"refused|Connect"):
            await asyncpg.connect(url)
        await server.restart()
        async with server.connection() as connection:
            await connection.execute("INSERT INTO t VALUES (2)")
    async with server.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM t") == 4
    assert server.url == url


async def test_an_orderly_restart_ends_open_sessions(killable_postgres: PostgresServer) -> None:
    async with killable_postgres.connection() as connection:
        await connection.execute("BEGIN")
        await killable_postgres.restart()
        assert "shut down" in "".join(killable_postgres.tail(20))
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.execute("SELECT 1")


async def test_a_paused_server_answers_nobody_until_it_goes_on(
    killable_postgres: PostgresServer,
) -> None:
    async with killable_postgres.connection() as connection:
        await killable_postgres.pause()
        assert killable_postgres.paused
        assert killable_postgres.alive
        asked = asyncio.ensure_future(connection.fetchval("SELECT 42"))
        done, _ = await asyncio.wait([asked], timeout=0.2)
        assert not done
        await killable_postgres.resume()
        assert await asked == 42


async def test_a_server_that_dies_by_itself_has_crashed(killable_postgres: PostgresServer) -> None:
    async with killable_postgres.connection() as connection:
        # The backend may notice the death of its postmaster before it answers.
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.execute(
                "COPY (SELECT 1) TO PROGRAM 'kill -9 $(head -1 postmaster.pid)'"
            )
        assert await killable_postgres.wait(60) == -9
    assert killable_postgres.crashed
    await killable_postgres.start()
    assert not killable_postgres.crashed


async def test_databases_of_any_name(killable_postgres: PostgresServer) -> None:
    server = killable_postgres
    for name in ("plain", 'quo"te', "with space/and?slash", "Groß"):
        url = await server.create_database(name)
        connection = await asyncpg.connect(url)
        assert await connection.fetchval("SELECT current_database()") == name
        await connection.close()
        assert await server.has_database(name)
        await server.drop_database(name)
        assert not await server.has_database(name)


async def test_a_named_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}"):
            await PostgresServer(tmp_path, port=port).start()


async def test_a_drawn_port_that_is_taken_meanwhile_is_drawn_again(
    monkeypatch: pytest.MonkeyPatch, killable_postgres: PostgresServer
) -> None:
    await killable_postgres.stop()
    with socket.create_server((LOOPBACK, 0)) as taken:
        draws = iter([taken.getsockname()[1]] * 2 + [ports.draw_port()])
        monkeypatch.setattr(server, "draw_port", lambda: next(draws))
        async with PostgresServer(killable_postgres.folder) as other:
            assert other.port != taken.getsockname()[1]
    assert next(draws, None) is None


async def test_a_usual_port_is_taken_when_it_is_free(killable_postgres: PostgresServer) -> None:
    await killable_postgres.stop()
    usual = ports.draw_port()
    async with PostgresServer(killable_postgres.folder, usual_port=usual) as again:
        assert again.port == usual
    with socket.create_server((LOOPBACK, usual)):
        async with PostgresServer(killable_postgres.folder, usual_port=usual) as again:
            assert again.port != usual


async def test_a_settled_port_is_not_given_up(killable_postgres: PostgresServer) -> None:
    killable_postgres.start_timeout = 0.5
    await killable_postgres.kill()
    with socket.create_server((LOOPBACK, killable_postgres.port)):
        with pytest.raises(PortTaken):
            await killable_postgres.start()
        killable_postgres.start_timeout = 60.0
        starting = asyncio.create_task(killable_postgres.start())
        await asyncio.sleep(0.3)
        assert not starting.done()
    await starting


async def test_a_folder_of_another_version_is_refused(killable_postgres: PostgresServer) -> None:
    await killable_postgres.stop()
    found = find_postgres()
    older = PostgresInstallation(found.folder, "15.4")
    with pytest.raises(FolderUnusable, match=r"made by PostgreSQL 18, and .* has 15.4"):
        await PostgresServer(killable_postgres.folder, installation=older).start()


async def test_a_foreign_data_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").touch()
    with pytest.raises(FolderUnusable, match="not a PostgreSQL data folder"):
        await PostgresServer(tmp_path).start()
    assert (tmp_path / "data" / "thesis.txt").exists()


async def test_a_lost_password_is_an_error(killable_postgres: PostgresServer) -> None:
    await killable_postgres.stop()
    (killable_postgres.folder / "password").unlink()
    with pytest.raises(FolderUnusable, match=r"No such file or directory: .*password"):
        await killable_postgres.start()


async def test_corrupted_data_is_an_error_with_the_server_s_own_words(
    killable_postgres: PostgresServer,
) -> None:
    await killable_postgres.stop()
    (killable_postgres.data / "global" / "pg_control").write_bytes(b"\0" * 8192)
    with pytest.raises(ServerFailed, match="ended with exit code 1 while starting") as caught:
        await killable_postgres.start()
    assert not caught.value.definite
    assert "incompatible with server" in " ".join(caught.value.tail)
    assert not killable_postgres.alive


async def test_a_server_that_is_never_healthy_is_ended(killable_postgres: PostgresServer) -> None:
    await killable_postgres.stop()
    (killable_postgres.folder / "password").write_text("another", encoding="ascii")
    killable_postgres.start_timeout = 0.5
    with pytest.raises(ServerFailed, match=r"not become healthy in 0.5 s .*password"):
        await killable_postgres.start()
    assert not killable_postgres.alive


async def test_a_second_instance_on_the_same_folder_is_refused(
    killable_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_folder, "__kwdefaults__", {"timeout": 0.1})
    with pytest.raises(FolderInUse):
        await PostgresServer(killable_postgres.folder).start()
    assert killable_postgres.alive


async def test_what_an_interrupted_initdb_left_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "data.unfinished" / "base").mkdir(parents=True)
    (tmp_path / "password").write_text("old", encoding="ascii")
    async with PostgresServer(tmp_path, fsync=False) as server:
        assert await setting(server, "data_checksums") == "on"
    assert not (tmp_path / "data.unfinished").exists()


async def test_a_cancelled_start_leaves_nothing_running(tmp_path: Path) -> None:
    server = PostgresServer(tmp_path, fsync=False)
    for seconds in (0.05, 0.2, 0.4):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await server.start()
        assert not server.alive
    await server.start()
    await server.stop()
