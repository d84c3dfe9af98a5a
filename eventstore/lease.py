"""A lease: at most one of many does the work, the others stand by. No I/O of its own.

It is there for efficiency. A holder can lose it without noticing at once, so what must not happen
twice is guarded where it happens: by the condition on every publish, by the checkpoint.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, NoReturn, Protocol

from eventstore.backoff import Backoff

__all__ = ["Lease", "acquire"]

_STANDBY_SECONDS: Final = 0.5


class Lease(Protocol):
    """A lease that can be taken, and lost. `eventstore.postgres.lease` has one."""

    @property
    def lost(self) -> asyncio.Future[NoReturn]:
        """Fails with `LeaseLost` when the lease is gone."""
        ...

    async def try_acquire(self) -> bool:
        """Take the lease if nobody holds it.

        Raises:
            LeaseLost: the connection that would hold it is gone.
        """
        ...


async def acquire(
    lease: Lease,
    logger: logging.Logger,
    *,
    random: Random,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Wait until the lease is ours, for ever if need be; cancel it to stop waiting.

    Raises:
        LeaseLost: the connection that would hold it is gone.
    """
    pause = Backoff(first=_STANDBY_SECONDS, limit=_STANDBY_SECONDS, random=random)
    stood_by = False
    while not await lease.try_acquire():
        if not stood_by:
            logger.info("another one holds the lease: standing by")
        stood_by = True
        await sleep(pause.next())
    if stood_by:
        logger.info("took over the lease")
