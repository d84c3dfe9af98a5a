"""Building a read model from the log itself, as fast as may be, until it is where the log ends.

The stream is left out of it: the log is read in large pages from where it is kept, the next page
while one is applied. Changes are committed with their checkpoint, so a rebuild that is stopped or
killed goes on where that is, and whatever projects live afterwards goes on where the rebuild ends.

How often that is a `Build` decides: without one after each page, for documents less often
(`projector.postgres_build`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from eventstore.event import RecordedEvent
from eventstore.store import LogPage
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import LogWentBack, PositionGap, ProjectionFailed
from projector.parking import Cause
from projector.ports import PagedLog, ReadModel

__all__ = ["PAGE", "Build", "rebuild"]

PAGE: Final = 10_000
"""How many events are read, and committed, at once, unless they are large; see `PAGE_BYTES`."""


_CUT_PAGES: Final = 4
"""After so many pages that were cut, as their events are large, what they changed is stored."""


class Build(Protocol):
    """Applies the pages of a log, and stores what they change when it sees fit."""

    async def take(self, events: Sequence[RecordedEvent]) -> None:
        """Apply the events that come next.

        Raises:
            CheckpointConflict: somebody else keeps the read model.
            ProjectionFailed: the projection raised; what came before is stored.
            ReadModelUnavailable: no answer came.
        """
        ...

    async def store(self) -> Checkpoint:
        """Store what is not stored yet, and return the checkpoint there.

        Raises:
            CheckpointConflict: somebody else keeps the read model.
            ReadModelUnavailable: no answer came.
        """
        ...


class _PageByPage:
    """Commits each page."""

    def __init__(self, read_model: ReadModel, checkpoint: Checkpoint) -> None:
        self._read_model = read_model
        self._checkpoint = checkpoint

    async def take(self, events: Sequence[RecordedEvent]) -> None:
        self._checkpoint = await self._read_model.commit(events, self._checkpoint)

    async def store(self) -> Checkpoint:
        return self._checkpoint


async def rebuild(
    log: PagedLog,
    read_model: ReadModel,
    *,
    build: Build | None = None,
    page: int = PAGE,
    progress: Callable[[Position, Position], None] = lambda _, __: None,
) -> Checkpoint:
    """Apply the log until its end, and return the checkpoint there.

    Args:
        log: Where the events are.
        read_model: Prepared, and kept by nobody else meanwhile.
        build: What applies the pages; without it, each is a commit of the read model.
        page: How many events at once.
        progress: Told the last position that was applied and the log's head after each page.

    Raises:
        CheckpointConflict: somebody else keeps the read model.
        ProjectionFailed: the projection raised for one event; what comes before it is stored.
        PositionGap: the log has a hole.
        LogWentBack: the read model is ahead of the log.
        ReadModelUnavailable, ReadFailed, StoreUnavailable: a server gave no answer.
    """
    checkpoint = await read_model.checkpoint()
    head = await log.head()
    if head < checkpoint.position:
        raise LogWentBack(checkpoint, head)
    build = build or _PageByPage(read_model, checkpoint)
    last = checkpoint.position
    asked, cut = page, 0
    reading = _read(log, last, asked)
    try:
        while events := (read := await reading).events:
            _check(last, events)
            last = events[-1].position
            cut += read.more and len(events) < asked
            # Of large events fewer fit than are asked for: the server need not weigh all of them.
            asked = min(page, 2 * len(events))
            reading = _read(log, last, asked)
            await build.take(events)
            if cut == _CUT_PAGES:
                await build.store()
                cut = 0
            head = max(head, last)
            progress(last, head)
        return await build.store()
    except ProjectionFailed as failure:
        await _halt(log, read_model, failure, page)
        raise
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _halt(log: PagedLog, read_model: ReadModel, failure: ProjectionFailed, page: int) -> None:
    """Apply what comes before the event that fails, by halves, and keep where it halts and why.

    Raises:
        ProjectionFailed: names the event alone.
    """
    checkpoint = await read_model.checkpoint()
    until = failure.events[-1].position
    while (left := until - checkpoint.position) > 0:
        limit = min(page, max(1, left // 2))
        events = (await log.read_log_page(after=checkpoint.position, limit=limit)).events
        try:
            checkpoint = await read_model.commit(events, checkpoint)
        except ProjectionFailed as error:
            until = events[-1].position
            if len(events) == 1:
                await read_model.halted(until, Cause.of(error))
                raise error from failure


def _read(log: PagedLog, after: Position, page: int) -> asyncio.Task[LogPage]:
    async def read() -> LogPage:
        return await log.read_log_page(after=after, limit=page)

    return asyncio.create_task(read())


def _check(after: Position, events: list[RecordedEvent]) -> None:
    for expected, event in enumerate(events, after + 1):
        if event.position != expected:
            raise PositionGap(expected, event.position)
