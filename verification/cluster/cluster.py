"""PostgreSQL, nats-server and our own commands, together in one folder.

::

    FOLDER/trueorder.json   marks the folder as ours, and keeps the ports
    FOLDER/postgres/        see `PostgresServer`
    FOLDER/nats/            see `NatsServer`
    FOLDER/relay.log, ...   of our commands

A cluster can be stopped, or killed with everything of it, and started again in the same folder:
data, password and (where nobody else took them) ports stay. A folder that holds anything else is
refused. It starts and stops; who kills and restarts its parts meanwhile is the caller's business.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from verification.cluster.commands import Command
from verification.cluster.folder import make_folder
from verification.cluster.installation import NatsInstallation, PostgresInstallation
from verification.cluster.nats import NatsServer
from verification.cluster.postgres import PostgresServer
from verification.errors import FolderUnusable

__all__ = ["Cluster"]

_DATABASE = "eventstore"
_FORMAT = "trueorder.cluster/1"
_MARKER = "trueorder.json"


class Cluster:
    """Two running servers, the event store's database, and the commands that run on them.

    Attributes:
        folder: Where everything of it is.
        postgres: The PostgreSQL server.
        nats: The nats-server.
    """

    def __init__(self, folder: Path, postgres: PostgresServer, nats: NatsServer) -> None:
        """Join two servers; `start` makes and starts them."""
        self.folder = folder
        self.postgres = postgres
        self.nats = nats
        self._commands: list[Command] = []

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        folder: Path,
        *,
        postgres_installation: PostgresInstallation | None = None,
        nats_installation: NatsInstallation | None = None,
        postgres_port: int | None = None,
        nats_port: int | None = None,
        fsync: bool = True,
        sync_interval: str = "always",
        migrate: bool = True,
    ) -> AsyncIterator[Cluster]:
        """Run a cluster in `folder`; at the end its commands are stopped, then its servers.

        Args:
            folder: Where everything of it is or will be.
            postgres_installation: The programs of PostgreSQL; looked for without.
            nats_installation: The program nats-server; looked for without.
            postgres_port: A port; without, the one of last time, or a free one.
            nats_port: The same for NATS.
            fsync: Whether PostgreSQL's commits survive a power cut.
            sync_interval: When JetStream flushes; only with `always` do publishes survive one.
            migrate: Whether to bring the event store's schema to its head.

        Raises:
            ConfigError: What was asked for cannot be done; nothing was started.
            ServerFailed: A server did not become healthy; none is left running.
        """
        folder = make_folder(folder)
        usual = _claim(folder)
        postgres = PostgresServer(
            folder / "postgres",
            installation=postgres_installation,
            port=postgres_port,
            usual_port=usual.get("postgres_port"),
            fsync=fsync,
        )
        nats = NatsServer(
            folder / "nats",
            installation=nats_installation,
            port=nats_port,
            usual_port=usual.get("nats_port"),
            sync_interval=sync_interval,
        )
        cluster = cls(folder, postgres, nats)
        try:
            await cluster._start(migrate=migrate)
            yield cluster
        finally:
            await cluster._stop()

    async def _start(self, *, migrate: bool) -> None:
        starting = [asyncio.create_task(server.start()) for server in (self.postgres, self.nats)]
        try:
            await asyncio.gather(*starting)
        except BaseException:
            for task in starting:
                task.cancel()
            await asyncio.gather(*starting, return_exceptions=True)
            raise
        _write_marker(
            self.folder, {"postgres_port": self.postgres.port, "nats_port": self.nats.port}
        )
        if not await self.postgres.has_database(_DATABASE):
            await self.postgres.create_database(_DATABASE)
        if migrate:
            from eventstore.migrate import migrate as bring_to_head  # noqa: PLC0415 - slow to import

            await bring_to_head(self.database_url)

    async def _stop(self) -> None:
        await asyncio.gather(*(command.stop() for command in self._commands))
        await asyncio.gather(self.postgres.stop(), self.nats.stop())

    @property
    def database_url(self) -> str:
        """Where the event store is, password included: a secret."""
        return self.postgres.database_url(_DATABASE)

    @property
    def nats_url(self) -> str:
        """Where the relay publishes."""
        return self.nats.url

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which our commands find this cluster; one holds the password."""
        return {
            "EVENTSTORE_DATABASE_URL": self.database_url,
            "EVENTSTORE_NATS_URL": self.nats_url,
            "PROJECTOR_DATABASE_URL": self.database_url,
            "PROJECTOR_NATS_URL": self.nats_url,
        }

    def command(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
    ) -> Command:
        """`python -m ARGUMENTS...` on this cluster, not started yet; stopped with the cluster."""
        command = Command(
            name,
            arguments,
            folder=self.folder,
            environment={**self.environment, **(environment or {})},
        )
        self._commands.append(command)
        return command

    def relay(self, *options: str, name: str = "relay") -> Command:
        """`eventstore relay run OPTIONS...` on this cluster, not started yet."""
        return self.command(name, ["eventstore.cli", "relay", "run", *options])

    def projector(self, projection: str) -> Command:
        """`projector run PROJECTION` (a name or module:attr) on this cluster, not started yet."""
        return self.command("projector", ["projector.cli", "run", projection])


def _claim(folder: Path) -> dict[str, int]:
    """Mark an empty folder as ours; of one that is, return the ports it used last."""
    try:
        kept = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        # A kill -9 of ours may have left the unfinished marker, and nothing else.
        if any(entry.name != f"{_MARKER}.new" for entry in folder.iterdir()):
            reason = "it is not empty, and was not made by Trueorder. Name another one"
            raise FolderUnusable(folder, reason) from None
        kept = _write_marker(folder, {})
    except (OSError, ValueError) as error:
        raise FolderUnusable(folder, f"its {_MARKER} cannot be read: {error}") from error
    if not isinstance(kept, dict) or kept.get("format") != _FORMAT:
        raise FolderUnusable(folder, f"its {_MARKER} is not of the format {_FORMAT}")
    return {name: port for name, port in kept.items() if isinstance(port, int)}


def _write_marker(folder: Path, ports: dict[str, int]) -> dict[str, Any]:
    """Replaced in one step: a kill -9 of ours must not leave half of it."""
    marker = {"format": _FORMAT, **ports}
    new = folder / f"{_MARKER}.new"
    try:
        new.write_text(json.dumps(marker) + "\n", encoding="utf-8")
        new.replace(folder / _MARKER)
    except OSError as error:
        raise FolderUnusable(folder, f"{error.strerror}") from error
    return marker
