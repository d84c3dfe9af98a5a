"""Fixtures on real servers. Mark tests that use them with `@pytest.mark.stack`.

Shared by the whole session; do not kill or pause these:

- `postgres_server`: the `PostgresServer`; `postgres_url`: a fresh, empty database for one test.
- `store_url` (also `migrated_url`): a fresh database for one test with the event store's schema.
- `nats_server`: the `NatsServer`; `nats_url`: its URL, all streams deleted after the test.

A test's own, to be killed, paused and restarted (about 0.3 and 0.1 s each):

- `killable_postgres`: a `PostgresServer`, running; `killable_store_url`: a migrated database on it.
- `killable_nats`: a `NatsServer`, running.
- `server_folders`: names a new folder for the data of servers that a test makes by itself.

All are ordinary (not async) fixtures, for async and ordinary tests alike; the servers' verbs
(`kill`, `restart`, `pause`, `resume`, ...) are coroutines. Nothing is left running, even after a
kill -9 of pytest.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import servers
from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer


@pytest.fixture(scope="session")
def server_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Makes folders for the data of servers, with a number after the name."""
    root = servers.data_root(tmp_path_factory.mktemp("servers"))
    numbers = itertools.count()
    yield lambda name: root / f"{name}-{next(numbers)}"
    shutil.rmtree(root)


@pytest.fixture(scope="session")
def postgres_template(server_folders: Callable[[str], Path]) -> Path:
    return servers.initialize_postgres(server_folders("postgres-template"))


@pytest.fixture(scope="session")
def postgres_server(
    postgres_template: Path, server_folders: Callable[[str], Path]
) -> Iterator[PostgresServer]:
    with servers.running_postgres(postgres_template, server_folders("postgres")) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    with servers.fresh_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def store_template(postgres_server: PostgresServer) -> str:
    return servers.migrated_template(postgres_server)


@pytest.fixture
def store_url(postgres_server: PostgresServer, store_template: str) -> Iterator[str]:
    with servers.fresh_database(postgres_server, store_template) as url:
        yield url


@pytest.fixture
def migrated_url(store_url: str) -> str:
    return store_url


@pytest.fixture(scope="session")
def nats_server(server_folders: Callable[[str], Path]) -> Iterator[NatsServer]:
    with servers.running_nats(server_folders("nats")) as server:
        yield server


@pytest.fixture
def nats_url(nats_server: NatsServer) -> Iterator[str]:
    yield nats_server.url
    asyncio.run(servers.delete_all_streams(nats_server.url))


@pytest.fixture
def killable_postgres(
    postgres_template: Path, server_folders: Callable[[str], Path]
) -> Iterator[PostgresServer]:
    with servers.running_postgres(postgres_template, server_folders("killable")) as server:
        yield server


@pytest.fixture
def killable_store_url(killable_postgres: PostgresServer) -> str:
    return killable_postgres.database_url(servers.migrated_template(killable_postgres))


@pytest.fixture
def killable_nats(server_folders: Callable[[str], Path]) -> Iterator[NatsServer]:
    with servers.running_nats(server_folders("killable-nats")) as server:
        yield server
