"""A PostgreSQL server of our own, in one folder.

::

    FOLDER/data/          the data folder, UTF-8, locale C, with checksums
    FOLDER/password       of the superuser `postgres`, for its eyes only (0600)
    FOLDER/postgres.log

It listens on 127.0.0.1 alone and asks for the password (SCRAM) there: other users of the machine
can reach a loopback port, and a superuser of the database is the operating system's user. The
password is in the file and in `url`, never in a log, a command line or an error.

PostgreSQL refuses to run as root. As root, it runs as the owner of an existing data folder, else as
`nobody`. Where that user may not pass through the folders above (a checkout under /root), it keeps
root's capability to do so, and no file mode outside the folder is changed.

With its defaults an acknowledged commit survives a power cut. Its shared memory is in ordinary
files and anonymous maps: a kill -9 leaks nothing in /dev/shm, and a container's small one will do.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import asyncpg

from verification.cluster.installation import PostgresInstallation, find_postgres
from verification.cluster.ports import LOOPBACK
from verification.cluster.process import Owner, Process
from verification.cluster.server import Server
from verification.cluster.service import describe_exit
from verification.errors import FolderUnusable, ServerFailed

__all__ = ["PostgresServer"]

_SUPERUSER = "postgres"
_HEALTH_SECONDS = 2.0
_CONNECT_SECONDS = 15.0
_COMMAND_SECONDS = 30.0
_INITDB_SECONDS = 60.0
_INITDB_TAKES_SETTINGS = 16
_NO_CONNECTION = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what it says of a connection that is lost at a bad moment
)


class PostgresServer(Server):
    """Starts, kills, pauses and restarts one PostgreSQL; see `Service` for the verbs.

    Args:
        folder: Where everything of it is; made when missing. Data there is used again.
        installation: Its programs; looked for without one.
        port: The loopback port to listen on; a free one is drawn without.
        usual_port: The one to take without `port`, unless somebody else has it.
        fsync: False gives up what survives a power cut (never a kill -9), for speed.
        settings: More settings of `postgresql.conf`, which win over ours.
        start_timeout: Seconds until it must answer a query, crash recovery included.
        stop_timeout: Seconds for an orderly shutdown before it is killed.
    """

    # A "fast" shutdown: rolls open transactions back instead of waiting for their clients.
    stop_signal = signal.SIGINT

    def __init__(
        self,
        folder: Path,
        *,
        installation: PostgresInstallation | None = None,
        port: int | None = None,
        usual_port: int | None = None,
        fsync: bool = True,
        settings: Mapping[str, str] | None = None,
        start_timeout: float = 60.0,
        stop_timeout: float = 20.0,
    ) -> None:
        super().__init__(
            "PostgreSQL",
            folder,
            log="postgres.log",
            port=port,
            usual_port=usual_port,
            start_timeout=start_timeout,
            stop_timeout=stop_timeout,
        )
        self.data = self.folder / "data"
        self._password_file = self.folder / "password"
        self._password = ""
        self._installation = installation
        self._settings = {
            "unix_socket_directories": "",
            "dynamic_shared_memory_type": "mmap",
            "fsync": "on" if fsync else "off",
            # After a kill -9 it flushes its whole folder: as one file system, not file by file,
            # which takes seconds on a busy disk.
            "recovery_init_sync_method": "syncfs",
            "log_line_prefix": "%m [%p] ",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(settings or {}),
        }

    @property
    def url(self) -> str:
        """The superuser's URL of the database `postgres`, password included: a secret."""
        return self.database_url("postgres")

    def database_url(self, name: str) -> str:
        """The superuser's URL of the database `name`, password included: a secret."""
        login = f"{_SUPERUSER}:{quote(self._password, safe='')}"
        return f"postgresql://{login}@{LOOPBACK}:{self.port}/{quote(name, safe='')}"

    async def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create the database `name`, a copy of `template` if given, and return its URL.

        Raises:
            asyncpg.PostgresError: The server refused, for instance because it exists.
        """
        copied = "" if template is None else f" TEMPLATE {_identifier(template)}"
        async with self.connection() as connection:
            await connection.execute(f"CREATE DATABASE {_identifier(name)}{copied}")
        return self.database_url(name)

    async def drop_database(self, name: str) -> None:
        """Drop the database `name` if it exists, and end the sessions that are in it."""
        async with self.connection() as connection:
            await connection.execute(f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE)")

    async def has_database(self, name: str) -> bool:
        """Whether a database of this name exists."""
        async with self.connection() as connection:
            query = "SELECT count(*) FROM pg_database WHERE datname = $1"
            return bool(await connection.fetchval(query, name))

    @asynccontextmanager
    async def connection(
        self, database: str = "postgres"
    ) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """A superuser's connection for administration, closed at the end.

        Raises:
            ServerFailed: The server does not answer.
        """
        try:
            connection = await self._connect(database, _CONNECT_SECONDS)
        except _NO_CONNECTION as error:
            reason = f"does not answer ({_describe(error)})"
            raise ServerFailed(self.name, reason, self.log, self.tail()) from error
        try:
            yield connection
        finally:
            await connection.close(timeout=_CONNECT_SECONDS)

    async def _connect(self, database: str, timeout: float) -> asyncpg.Connection[asyncpg.Record]:
        return await asyncpg.connect(
            host=LOOPBACK,
            port=self.port,
            user=_SUPERUSER,
            password=self._password,
            database=database,
            ssl=False,
            timeout=timeout,
            command_timeout=_COMMAND_SECONDS,
        )

    async def _prepare(self) -> None:
        if self._installation is None:
            self._installation = await asyncio.to_thread(find_postgres)
        if self._is_initialized(self._installation):
            self._password = self._password_file.read_text(encoding="ascii").strip()
        else:
            await self._initialize(self._installation)

    def _is_initialized(self, installation: PostgresInstallation) -> bool:
        if not self.data.exists():
            return False
        version_file = self.data / "PG_VERSION"
        if not version_file.exists():
            reason = f"{self.data} is not a PostgreSQL data folder"
            raise FolderUnusable(self.folder, reason)
        version = version_file.read_text(encoding="utf-8").strip()
        if version != installation.major:
            raise FolderUnusable(
                self.folder,
                f"its data was made by PostgreSQL {version}, and "
                f"{installation.folder} has {installation.version}. "
                "Name the programs of that version, or another folder.",
            )
        return True

    async def _initialize(self, installation: PostgresInstallation) -> None:
        """Make the data folder under another name first: a half-made one is never used."""
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        owner = self._owner(installation, unfinished)
        self._password = secrets.token_urlsafe(24)
        self._password_file.unlink(missing_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(self._password, encoding="ascii")
        if owner is not None:
            for path in (unfinished, self._password_file):
                os.chown(path, owner.user, owner.group)
        command: list[str | Path] = [
            installation.folder / "initdb",
            f"--pgdata={unfinished}",
            "--encoding=UTF8",
            "--locale=C",
            "--data-checksums",
            "--no-instructions",
            "--auth=scram-sha-256",
            f"--username={_SUPERUSER}",
            f"--pwfile={self._password_file}",
        ]
        if self._settings["fsync"] != "on":
            command.append("--no-sync")
        if int(installation.major) >= _INITDB_TAKES_SETTINGS:
            # For initdb's own servers: killed half-way they would leave files in /dev/shm.
            command.append("--set=dynamic_shared_memory_type=mmap")
        initdb = await self._run(command, owner)
        try:
            code = await initdb.wait(_INITDB_SECONDS)
        except TimeoutError:
            code = await initdb.kill()
        except BaseException:
            await initdb.kill()
            raise
        if code != 0:
            raise ServerFailed("initdb", describe_exit(code), self.log, initdb.tail())
        unfinished.rename(self.data)

    def _owner(self, installation: PostgresInstallation, data: Path) -> Owner | None:
        if os.geteuid() != 0:
            return None
        status = data.stat()
        user, group = status.st_uid, status.st_gid
        if user == 0:
            user, group = _unprivileged()
        reachable = all(_may_enter(place, user, group) for place in (installation.folder, data))
        return Owner(user, group, passage=not reachable)

    async def _launch(self) -> Process:
        if self._installation is None:
            raise RuntimeError("a launch comes after the preparation")
        settings = {**self._settings, "listen_addresses": LOOPBACK, "port": str(self.port)}
        command: list[str | Path] = [self._installation.folder / "postgres", "-D", self.data]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        return await self._run(command, self._owner(self._installation, self.data))

    async def _run(self, command: list[str | Path], owner: Owner | None) -> Process:
        return await Process.start(
            self.name,
            command,
            folder=self.folder,
            log=self.log,
            # Nothing of ours: PGPORT, PGDATA, LANG and TZ would all change what it does.
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            owner=owner,
            hold=self._held,
        )

    async def _unhealthy(self) -> str | None:
        try:
            async with asyncio.timeout(_HEALTH_SECONDS):
                connection = await self._connect("postgres", _HEALTH_SECONDS)
                try:
                    await connection.fetchval("SELECT 1")
                finally:
                    connection.terminate()
        except _NO_CONNECTION as error:
            return _describe(error)
        return None


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unprivileged() -> tuple[int, int]:
    try:
        account = pwd.getpwnam("nobody")
    except KeyError:
        return 65_534, 65_534
    return account.pw_uid, account.pw_gid


def _may_enter(folder: Path, user: int, group: int) -> bool:
    """Whether the user may pass through `folder` and all above it by their modes."""
    for place in (folder, *folder.parents):
        status = place.stat()
        others = 0o010 if status.st_gid == group else 0o001
        if not status.st_mode & (0o100 if status.st_uid == user else others):
            return False
    return True
