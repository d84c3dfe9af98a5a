"""The system under test: two servers, the relay, a projector, and the clients' stores.

A mutant replaces one of them, and this module is the only place that knows where it goes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from eventstore import EventStore
from eventstore.postgres.store import PostgresEventStore
from verification.cluster.cluster import Cluster
from verification.cluster.commands import Command
from verification.mutants.registry import Mutant
from verification.nemesis.injector import Breakable
from verification.nemesis.schedule import Target

__all__ = ["DATABASE", "PROJECTION", "System"]

PROJECTION: Final = "stream-totals"
DATABASE: Final = "eventstore"
STORES: Final = 2
"""As many store objects as an application would have processes: their pools are apart."""
POOL_SIZE: Final = 5
TIMEOUT_SECONDS: Final = 3.0


class System:
    """Everything that runs, and the store as a client and as a referee sees it.

    ``store`` is the real one, for the referee; ``clients`` are those that the clients talk to,
    which a mutant may have broken.
    """

    def __init__(
        self,
        cluster: Cluster,
        relay: Command,
        projector: Command,
        store: EventStore,
        clients: tuple[EventStore, ...],
    ) -> None:
        self.cluster = cluster
        self.relay = relay
        self.projector = projector
        self.store = store
        self.clients = clients

    @property
    def targets(self) -> Mapping[Target, Breakable]:
        """What the nemesis may break."""
        return {
            Target.POSTGRES: self.cluster.postgres,
            Target.NATS: self.cluster.nats,
            Target.RELAY: self.relay,
            Target.PROJECTOR: self.projector,
        }

    @property
    def crashed(self) -> Command | None:
        """A command that ended by itself, which none of them may."""
        return next((c for c in (self.relay, self.projector) if c.crashed), None)

    @classmethod
    @asynccontextmanager
    async def start(cls, folder: Path, mutant: Mutant | None, seed: int) -> AsyncIterator[System]:
        """Run the system in an empty folder, with the mutant's bug if there is one.

        Raises:
            VerificationError: a server did not start.
            EventStoreError: the store cannot be connected to.
        """
        async with AsyncExitStack() as stack:
            cluster = await stack.enter_async_context(Cluster.start(folder))
            if mutant is not None and mutant.database is not None:
                async with cluster.postgres.connection(DATABASE) as connection:
                    await connection.execute(mutant.database())
            relay = _command(cluster, "relay", mutant.relay if mutant else None)
            projector = _command(cluster, "projector", mutant.projector if mutant else None)
            await relay.start()
            await projector.start()
            stores = [
                await stack.enter_async_context(
                    PostgresEventStore.connect(
                        cluster.database_url, pool_size=POOL_SIZE, timeout_seconds=TIMEOUT_SECONDS
                    )
                )
                for _ in range(STORES)
            ]
            clients = tuple(
                mutant.store(store, seed + number) if mutant and mutant.store else store
                for number, store in enumerate(stores)
            )
            yield cls(cluster, relay, projector, stores[0], clients)


def _command(cluster: Cluster, name: str, role: str | None) -> Command:
    if role is not None:
        return cluster.command(name, ["verification.mutants", role])
    return cluster.relay() if name == "relay" else cluster.projector(PROJECTION)
