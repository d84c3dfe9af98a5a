"""The system under test: two servers, the relay, projectors, a feed, and the clients' stores.

A mutant replaces one of them, and this module is the only place that knows where it goes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, Self

import msgspec

from eventstore import EventStore, wire
from eventstore.postgres.store import PostgresEventStore
from verification.cluster.cluster import Cluster
from verification.cluster.commands import Command
from verification.cluster.installation import (
    NatsInstallation,
    PostgresInstallation,
    find_nats,
    find_postgres,
)
from verification.errors import ServerFailed
from verification.mutants.registry import Mutant
from verification.nemesis.injector import Breakable
from verification.nemesis.part import Part
from verification.nemesis.schedule import Target
from verification.run.feed import ChangeFeed
from verification.run.jetstream import last_number
from verification.run.postgres import checkpoint_of
from verification.workloads.requests import WorkloadStore

__all__ = ["DATABASE", "PROJECTION", "Installations", "System"]

PROJECTION: Final = "stream-totals"
DATABASE: Final = "eventstore"
STORES: Final = 2
"""As many store objects as an application would have processes: their pools are apart."""
POOL_SIZE: Final = 5
TIMEOUT_SECONDS: Final = 3.0
BEGIN_SECONDS: Final = 60.0
BEGIN_POLL_SECONDS: Final = 0.05


class Installations(msgspec.Struct, frozen=True, kw_only=True):
    """The programs that a run starts."""

    postgres: PostgresInstallation
    nats: NatsInstallation

    @classmethod
    def find(cls, postgres_bin: Path | None = None, nats_server: Path | None = None) -> Self:
        """Find both servers: the named ones, or else those of the wheels or in PATH.

        Raises:
            InstallationNotFound: one is missing; the message says where was looked.
        """
        return cls(postgres=find_postgres(postgres_bin), nats=find_nats(nats_server))


class System:
    """Everything that runs, and the store as a client and as a referee sees it.

    ``stores`` are the real ones, ``store`` the first of them, for the referee; ``clients`` are what
    the clients talk to, which a mutant may have broken. ``feed`` is null in a run without one.
    """

    def __init__(
        self,
        cluster: Cluster,
        relay: Command,
        projector: Command,
        feed: ChangeFeed | None,
        stores: Sequence[EventStore],
        clients: tuple[WorkloadStore, ...],
    ) -> None:
        self.cluster = cluster
        self.relay = relay
        self.projector = projector
        self.feed = feed
        self.stores = stores
        self.store = stores[0]
        self.clients = clients

    @property
    def targets(self) -> Mapping[Target, Breakable]:
        """What the nemesis may break."""
        targets: dict[Target, Breakable] = {
            Target.POSTGRES: Part(self.cluster.postgres),
            Target.NATS: Part(self.cluster.nats),
            Target.RELAY: Part(self.relay, self.carried),
            Target.PROJECTOR: Part(self.projector, self.applied),
        }
        if self.feed is not None:
            targets[Target.FEED] = Part(self.feed.carrier, self.feed.told)
        return targets

    async def carried(self) -> int | None:
        """How far the relay is: the position of JetStream's last message."""
        return await last_number(self.cluster.nats_url, wire.STREAM, wire.POSITION)

    async def applied(self) -> int | None:
        """How far the projector says it is."""
        return await checkpoint_of(self.cluster.postgres, DATABASE, PROJECTION)

    async def begun(self) -> None:
        """Return when all of our processes have begun their work.

        Traffic before that would meet faults of processes that were still starting.

        Raises:
            ServerFailed: they did not, for `BEGIN_SECONDS`.
        """
        clock = asyncio.get_running_loop().time
        end = clock() + BEGIN_SECONDS
        working = [(self.relay, self.carried), (self.projector, self.applied)]
        if self.feed is not None:
            working.append((self.feed.carrier, self.feed.told))
        for command, progress in working:
            while await progress() is None:
                if command.crashed or clock() > end:
                    reason = f"did not begin its work within {BEGIN_SECONDS:g} s"
                    raise ServerFailed(command.name, reason, command.log, command.tail())
                await asyncio.sleep(BEGIN_POLL_SECONDS)

    @property
    def crashed(self) -> Command | None:
        """A command that ended by itself, which none of them may."""
        commands = (self.relay, self.projector, *(self.feed.commands if self.feed else ()))
        return next((command for command in commands if command.crashed), None)

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        folder: Path,
        servers: Installations,
        mutant: Mutant | None,
        seed: int,
        *,
        relay_options: Sequence[str] = (),
        feed: bool = False,
    ) -> AsyncIterator[System]:
        """Run the system in an empty folder, with the mutant's bug if there is one.

        ``relay_options`` are of `eventstore relay run`, when the relay is the real one; ``feed``
        says whether documents are kept and their changes fed onto NATS.

        Raises:
            VerificationError: a server did not start.
            EventStoreError: the store cannot be connected to.
        """
        async with Cluster.start(
            folder, postgres_installation=servers.postgres, nats_installation=servers.nats
        ) as cluster:
            if mutant is not None and mutant.database is not None:
                async with cluster.postgres.connection(DATABASE) as connection:
                    await connection.execute(mutant.database())
            relay = (
                _mutant(cluster, "relay", mutant.relay)
                if mutant and mutant.relay
                else cluster.relay(*relay_options)
            )
            projector = (
                _mutant(cluster, "projector", mutant.projector)
                if mutant and mutant.projector
                else cluster.projector(PROJECTION)
            )
            fed = await _feed(cluster, mutant) if feed else None
            commands = (relay, projector, *(fed.commands if fed else ()))
            try:
                for command in commands:
                    await command.start()
                async with _stores(cluster.database_url) as stores:
                    clients = tuple(
                        mutant.store(store, seed + number) if mutant and mutant.store else store
                        for number, store in enumerate(stores)
                    )
                    system = cls(cluster, relay, projector, fed, stores, clients)
                    await system.begun()
                    yield system
            finally:
                # Their data is removed next, so an orderly shutdown would only cost time.
                for service in (*commands, cluster.postgres, cluster.nats):
                    await service.kill()


@asynccontextmanager
async def _stores(database_url: str) -> AsyncIterator[list[EventStore]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                PostgresEventStore.connect(
                    database_url, pool_size=POOL_SIZE, timeout_seconds=TIMEOUT_SECONDS
                )
            )
            for _ in range(STORES)
        ]


async def _feed(cluster: Cluster, mutant: Mutant | None) -> ChangeFeed:
    carrier = _mutant(cluster, "feed", mutant.feed) if mutant and mutant.feed else None
    return await ChangeFeed.begin(cluster, DATABASE, carrier)


def _mutant(cluster: Cluster, name: str, role: str) -> Command:
    return cluster.command(name, ["verification.mutants", role])
