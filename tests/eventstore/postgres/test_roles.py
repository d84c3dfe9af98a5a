"""Who may do what: a reader reads, a writer also appends, and neither touches a table."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from eventstore import ABSENT, ANY, AppendRefused, Position, RemovalRefused, connect, stream_name
from eventstore.migrate import HEAD, current, migrate
from eventstore.postgres.archive import archive
from eventstore.postgres.retention import Policy, PostgresRetention
from tests.support.stores import events
from verification.cluster.postgres import PostgresServer

pytestmark = pytest.mark.stack

ORDER = stream_name("order-1")


def as_user(url: str, user: str) -> str:
    parts = urlsplit(url)
    return f"postgresql://{user}:secret@{parts.hostname}:{parts.port}{parts.path}"


@pytest.fixture
async def users(postgres_server: PostgresServer) -> AsyncIterator[None]:
    """Users with a password, each in one of the roles; roles belong to the whole server."""
    async with postgres_server.connection() as sql:
        for user in ("reader", "writer", "archivist"):
            await sql.execute(f"CREATE ROLE a_{user} LOGIN PASSWORD 'secret'")
            await sql.execute(f"GRANT eventstore_{user} TO a_{user}")
        await sql.execute("CREATE ROLE a_stranger LOGIN PASSWORD 'secret'")
    yield
    async with postgres_server.connection() as sql:
        await sql.execute("DROP ROLE a_reader, a_writer, a_archivist, a_stranger")


@pytest.mark.usefixtures("users")
async def test_a_writer_appends_and_reads(store_url: str) -> None:
    async with connect(as_user(store_url, "a_writer")) as store:
        batch = events(3)
        assert (await store.append(ORDER, batch, expected=ABSENT)).position == 3
        assert len(await store.read_stream(ORDER)) == 3
        assert (await store.outcome([event.id for event in batch])).appended is not None


@pytest.mark.usefixtures("users")
async def test_a_reader_reads_and_may_not_append(store_url: str) -> None:
    async with connect(store_url) as store:
        await store.append(ORDER, events(3), expected=ABSENT)
    async with connect(as_user(store_url, "a_reader")) as store:
        assert len(await store.read_log()) == 3
        assert (await store.outcome([event.id for event in events(1)])).head == 3
        with pytest.raises(AppendRefused, match="permission denied") as caught:
            await store.append(ORDER, events(1), expected=ABSENT)
        assert (caught.value.sqlstate, caught.value.definite) == ("42501", True)


@pytest.mark.usefixtures("users")
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO eventstore.events (position) VALUES (7)",
        "INSERT INTO eventstore.commits VALUES (7, 1, '')",
        "INSERT INTO eventstore.streams VALUES (7, 'z-1')",
        "INSERT INTO eventstore.event_tags VALUES ('t', 7)",
        "UPDATE eventstore.events SET version = 1",
        "DELETE FROM eventstore.events",
        "TRUNCATE eventstore.commits",
        "ALTER TABLE eventstore.events DISABLE TRIGGER ALL",
        "DROP TABLE eventstore.events",
        "CREATE TABLE eventstore.mine (n int)",
        "SELECT eventstore.decide(0, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')",
    ],
)
async def test_a_writer_may_do_nothing_else(store_url: str, statement: str) -> None:
    sql = await asyncpg.connect(as_user(store_url, "a_writer"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await sql.execute(statement)
    await sql.close()


@pytest.mark.usefixtures("users")
async def test_an_archivist_lets_payloads_go_and_does_nothing_else(
    store_url: str, tmp_path: Path
) -> None:
    url = as_user(store_url, "a_archivist")
    async with connect(store_url) as store:
        await store.append(ORDER, events(4), expected=ABSENT)
    (archived,) = await archive(url, tmp_path, until=Position(2))
    assert archived.archived_by == "a_archivist"
    async with PostgresRetention.connect(url) as retention:
        await retention.set(Policy(kind="stream", name=ORDER, days=0))
        (done,) = await retention.run(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1))
        assert (done.retired, done.archived) == (4, 2)
    async with connect(url) as store:
        assert all(event.retired for event in await store.read_log())
        with pytest.raises(AppendRefused, match="permission denied"):
            await store.append(ORDER, events(1), expected=ANY)
    sql = await asyncpg.connect(url)
    assert await sql.fetchval("SELECT min(retired_by) FROM eventstore.retired") == "a_archivist"
    for statement in (
        "UPDATE eventstore.events SET data = NULL",
        "INSERT INTO eventstore.archives VALUES (3, 4, '/x', 1, '', now(), 'me')",
        "INSERT INTO eventstore.retired VALUES (3, '', now(), 'me')",
        "INSERT INTO eventstore.archive_rewrites VALUES (1, 7, '/x', 1, '', now(), 'me')",
        "SELECT wrapped_key FROM eventstore.subject_keys",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await sql.execute(statement)
    await sql.close()
    async with PostgresRetention.connect(as_user(store_url, "a_writer")) as retention:
        with pytest.raises(RemovalRefused, match="eventstore_archivist"):
            await retention.set(Policy(kind="stream", name=ORDER, days=0))


@pytest.mark.usefixtures("users")
async def test_the_functions_look_nowhere_else(store_url: str) -> None:
    """A writer's own search path and temporary tables do not lead the functions astray."""
    sql = await asyncpg.connect(as_user(store_url, "a_writer"))
    await sql.execute(
        "CREATE TEMPORARY TABLE events (LIKE eventstore.events);"
        "CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT NULL::bytea';"
        "SET search_path = pg_temp, eventstore"
    )
    (row,) = await sql.fetch(
        "SELECT outcome, last_position FROM eventstore.append("
        "'a-1', 0, 0, ARRAY[gen_random_uuid()], '{x}', '{1}', '{\"{}\"}')"
    )
    assert tuple(row) == ("appended", 1)
    (row,) = await sql.fetch(
        "SELECT outcome, last_position FROM eventstore.append_one("
        "'a-1', 1, 1, gen_random_uuid(), 'x', '1', '{}', '')"
    )
    assert tuple(row) == ("appended", 2)
    await sql.close()


@pytest.mark.usefixtures("users")
async def test_a_stranger_sees_nothing(store_url: str) -> None:
    sql = await asyncpg.connect(as_user(store_url, "a_stranger"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await sql.fetch("SELECT * FROM eventstore.events")
    await sql.close()


@pytest.mark.usefixtures("users")
async def test_who_may_not_make_roles_migrates_without(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    database = urlsplit(postgres_url).path.lstrip("/")
    async with postgres_server.connection() as sql:
        await sql.execute(f"GRANT CREATE ON DATABASE {database} TO a_stranger")
    url = as_user(postgres_url, "a_stranger")
    await migrate(url, log="poor")
    assert await current(url, log="poor") == HEAD
    sql = await asyncpg.connect(url)
    functions = await sql.fetch(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'eventstore_poor'::regnamespace "
        "AND proname <> 'refuse_change' AND has_function_privilege('a_reader', oid, 'EXECUTE')"
    )
    await sql.close()
    assert functions == [], "whoever may not append to a log may not call its functions"
    async with postgres_server.connection() as sql:
        assert await sql.fetchval("SELECT to_regrole('eventstore_poor_writer')") is None
