"""Reading a read model at a position: what was appended is in it, or the reader is told it is not.

A read model runs behind its log, by a few milliseconds as a rule. A reader that must not see less
than a given position says so::

    async with open_read_model(url, "balances", nats_url=nats_url) as balances:
        appended = await store.append(account, events, expected=version)
        await balances.at(appended.position)          # reads its own write
        balance = await balances.document("account-1")

        await balances.linearizable(store)            # reads every write acknowledged before
        balance = await balances.document("account-1")

It waits for the active generation, woken by the projector's commit over NATS, and looks for itself
now and then where no word comes. It believes no word: the answer is always the checkpoint's row. A
read model that has parked events up to the position is refused, since it does not hold them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, Final, Protocol

from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import ReadModelBehind, ReadModelIncomplete
from projector.jetstream_announced import hearing
from projector.postgres_progress import PostgresProgress, Reached

__all__ = ["POLL_SECONDS", "OpenReadModel", "open_read_model"]

POLL_SECONDS: Final = 0.1
"""How long a lost word may delay a reader."""

_WAIT_SECONDS: Final = 5.0


class _Head(Protocol):
    async def head(self) -> Position:
        """Return the position of the last event in the log."""
        ...


class OpenReadModel:
    """A read model that is read. Made by `open_read_model`; belongs to one event loop."""

    def __init__(self, projection: str, progress: PostgresProgress) -> None:
        self.projection = projection
        self._progress = progress
        self._moved = asyncio.Event()
        self._look: asyncio.Future[Reached | None] | None = None

    def announce(self, _: Checkpoint | int) -> None:
        """Wake who waits, to look again. A projector in this process may call it."""
        moved, self._moved = self._moved, asyncio.Event()
        self._look = None  # one that has begun may not see what is announced
        moved.set()

    async def at(self, position: Position, *, timeout_seconds: float = _WAIT_SECONDS) -> Checkpoint:
        """Wait until the active generation holds every event up to a position; return where it is.

        What is read afterwards is at least as new, by whomever and on whatever connection to the
        primary, unless somebody switches back to a generation that is behind.

        Raises:
            ReadModelBehind: it does not within the time limit; says how far it is.
            ReadModelIncomplete: it has passed events up to there that are parked or held.
            ReadModelUnavailable: no answer came.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        while True:
            moved = self._moved
            reached = await self._reached()
            if reached is not None and reached.position >= position:
                break
            left = deadline - loop.time()
            if left <= 0:
                at = 0 if reached is None else reached.position
                raise ReadModelBehind(self.projection, position, at, timeout_seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, POLL_SECONDS)):
                    await moved.wait()
        if reached.lacks is not None and reached.lacks <= position:
            raise ReadModelIncomplete(self.projection, position, reached.lacks)
        return Checkpoint(
            projection=self.projection, generation=reached.generation, position=reached.position
        )

    async def _reached(self) -> Reached | None:
        """Look, all who wait at once: a checkpoint only grows, so what one saw holds for the next.

        Raises:
            ReadModelUnavailable: no answer came.
        """
        if self._look is None or self._look.done():
            self._look = asyncio.ensure_future(self._progress.reached(self.projection))
            self._look.add_done_callback(lambda look: look.cancelled() or look.exception())
        # Shielded, since the one that began it may give up while others still wait for it.
        return await asyncio.shield(self._look)

    async def linearizable(
        self, store: _Head, *, timeout_seconds: float = _WAIT_SECONDS
    ) -> Checkpoint:
        """Wait until it holds every event that was acknowledged before this call.

        Raises:
            As `at`; ReadFailed, StoreUnavailable: the store gave no answer.
        """
        return await self.at(await store.head(), timeout_seconds=timeout_seconds)

    async def document(self, key: str) -> Any:
        """Return the document under a key, null if there is none.

        Raises:
            ReadModelUnavailable: no answer came, or the projection keeps no documents.
        """
        return await self._progress.document(self.projection, key)


@asynccontextmanager
async def open_read_model(
    url: str, projection: str, *, nats_url: str | None = None, timeout_seconds: float = 10.0
) -> AsyncIterator[OpenReadModel]:
    """Open the read model of a projection for reading, until the end of the block.

    Args:
        url: Its database.
        projection: The projection's name.
        nats_url: Where its projector announces commits; without it, readers look every
            `POLL_SECONDS`, unless `OpenReadModel.announce` is called.
        timeout_seconds: The limit of each wait for the database.
    """
    async with AsyncExitStack() as stack:
        progress = await stack.enter_async_context(
            PostgresProgress.open(
                url, timeout_seconds=timeout_seconds, application=f"read model {projection}"
            )
        )
        model = OpenReadModel(projection, progress)
        if nats_url is not None:
            await stack.enter_async_context(hearing(nats_url, projection, model.announce))
        yield model
