"""How a campaign strikes: what is broken, one blow after the other, and mended by restarts alone.

Each kind is an endless, seeded sequence of blows. A blow begins when its target is at work and is
over when the target runs again; it yields what it struck.
"""

from __future__ import annotations

import asyncio
import enum
import shutil
from collections.abc import AsyncGenerator, Callable
from random import Random
from typing import Final

from eventstore.errors import EventStoreError
from eventstore.postgres.lease import holder_of
from eventstore.relay.relay import LEASE
from verification.cluster.commands import Command
from verification.errors import StrikeMissed
from verification.nemesis.schedule import Target
from verification.run.system import System

__all__ = ["LEASE_SECONDS", "STRIKES", "Kind", "Strikes"]

LEASE_SECONDS: Final = 1.0
"""The relays' lease in a campaign: short, so that a fail-over is no matter of patience."""

DOWN_SECONDS_MAX: Final = 0.3
PAUSE_SECONDS_MAX: Final = 0.4
TWO_AT_ONCE: Final = 0.15
TAKEOVER_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.02


class Kind(enum.StrEnum):
    """What a campaign does."""

    KILLS = "kills"
    JETSTREAM_LOSS = "jetstream-loss"
    PAUSED_LEADER = "paused-leader"


Strikes = Callable[[System, Random], AsyncGenerator[str, None]]


async def kills(system: System, draw: Random) -> AsyncGenerator[str, None]:
    """SIGKILL relay, projector, NATS and PostgreSQL in a drawn order, now and then two at once."""
    targets = system.targets
    while True:
        order = list(targets)
        draw.shuffle(order)
        while order:
            struck = [order.pop()]
            if order and draw.random() < TWO_AT_ONCE:
                struck.append(order.pop())
            await targets[struck[0]].at_work()
            await asyncio.gather(*(targets[target].kill() for target in struck))
            await asyncio.sleep(draw.uniform(0, DOWN_SECONDS_MAX))
            for target in struck:
                await targets[target].restart()
            for target in struck:
                yield target
            await asyncio.sleep(draw.uniform(0, PAUSE_SECONDS_MAX))


async def jetstream_loss(system: System, draw: Random) -> AsyncGenerator[str, None]:
    """Kill NATS, delete all that JetStream had on disk, and start it again."""
    nats = system.cluster.nats
    while True:
        await system.targets[Target.RELAY].at_work()
        await nats.kill()
        await asyncio.to_thread(shutil.rmtree, nats.folder / "jetstream")
        await nats.restart()
        yield "jetstream"
        await asyncio.sleep(draw.uniform(0.5, 2.0))


async def paused_leader(system: System, draw: Random) -> AsyncGenerator[str, None]:
    """Stop the leading relay at work, wait until the other one leads and publishes, wake it up."""
    other = system.cluster.relay("--lease-seconds", f"{LEASE_SECONDS:g}", name="relay-2")
    await other.start()
    relays = (system.relay, other)
    try:
        while True:
            leader = await _leader(system, relays)
            await system.targets[Target.RELAY].at_work()
            await leader.pause()
            await _leader(system, tuple(relay for relay in relays if relay is not leader))
            await system.targets[Target.RELAY].at_work()
            await leader.resume()
            yield f"{leader.name} paused"
            await asyncio.sleep(draw.uniform(0, PAUSE_SECONDS_MAX))
    finally:
        await other.kill()


async def _leader(system: System, relays: tuple[Command, ...]) -> Command:
    """Wait until one of these relays leads.

    Raises:
        StrikeMissed: none does.
    """
    clock = asyncio.get_running_loop().time
    end = clock() + TAKEOVER_SECONDS
    while clock() < end:
        try:
            holder = await holder_of(system.cluster.database_url, LEASE)
        except EventStoreError:
            holder = None
        if holder is not None and holder.name is not None:
            pid = int(holder.name.rpartition(":")[2])
            for relay in relays:
                if relay.pid == pid:
                    return relay
        await asyncio.sleep(POLL_SECONDS)
    names = ", ".join(relay.name for relay in relays)
    raise StrikeMissed(f"none of {names} took the lease within {TAKEOVER_SECONDS:g} s")


STRIKES: Final[dict[Kind, Strikes]] = {
    Kind.KILLS: kills,
    Kind.JETSTREAM_LOSS: jetstream_loss,
    Kind.PAUSED_LEADER: paused_leader,
}
