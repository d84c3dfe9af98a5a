"""Building a read model from the log itself, as fast as may be, until it is where the log ends.

The stream is left out of it: the log is read in large pages from where it is kept, the next page
while one is applied. Each page is committed with its checkpoint, so a rebuild that is stopped or
killed goes on where it was, and whatever projects live afterwards goes on where the rebuild ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from eventstore.event import RecordedEvent
from eventstore.stream import Position
from projector.checkpoint import Checkpoint
from projector.errors import LogWentBack, PositionGap
from projector.ports import LogReader, ReadModel

__all__ = ["PAGE", "rebuild"]

PAGE: Final = 10_000
"""How many events are read, and committed, at once."""


async def rebuild(
    log: LogReader,
    read_model: ReadModel,
    *,
    page: int = PAGE,
    progress: Callable[[Position, Position], None] = lambda _, __: None,
) -> Checkpoint:
    """Apply the log until its end, and return the checkpoint there.

    Args:
        log: Where the events are.
        read_model: Prepared, and kept by nobody else meanwhile.
        page: How many events at once.
        progress: Told the checkpoint's position and the log's head after each commit.

    Raises:
        CheckpointConflict: somebody else keeps the read model.
        ProjectionFailed: the projection raised; nothing of the page was stored.
        PositionGap: the log has a hole.
        LogWentBack: the read model is ahead of the log.
        ReadModelUnavailable, ReadFailed, StoreUnavailable: a server gave no answer.
    """
    checkpoint = await read_model.checkpoint()
    head = await log.head()
    if head < checkpoint.position:
        raise LogWentBack(checkpoint, head)
    reading = _read(log, checkpoint.position, page)
    try:
        while events := await reading:
            _check(checkpoint.position, events)
            last = events[-1].position
            reading = _read(log, last, page)
            checkpoint = await read_model.commit(events, checkpoint)
            head = max(head, checkpoint.position)
            progress(checkpoint.position, head)
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return checkpoint


def _read(log: LogReader, after: Position, page: int) -> asyncio.Task[list[RecordedEvent]]:
    async def read() -> list[RecordedEvent]:
        return await log.read_log(after=after, limit=page)

    return asyncio.create_task(read())


def _check(after: Position, events: list[RecordedEvent]) -> None:
    for expected, event in enumerate(events, after + 1):
        if event.position != expected:
            raise PositionGap(expected, event.position)
