"""What the run leaves behind, read from the servers themselves, past every client and mutant."""

from __future__ import annotations

from typing import Final

from eventstore import EventStoreError
from eventstore.stream import Position
from verification.artefacts import LogRow, RunFolder
from verification.run.convergence import Progress
from verification.run.jetstream import read_messages
from verification.run.postgres import read_applied, read_rows
from verification.run.system import DATABASE, PROJECTION, System

__all__ = ["collect", "probe", "read_log"]

PAGE: Final = 5000


async def probe(system: System) -> Progress:
    """Ask where log, stream and projector are."""
    try:
        head = int(await system.store.head())
    except EventStoreError:
        head = None
    return Progress(
        head=head,
        carried=await system.carried(),
        applied=await system.applied(),
        feed=None if system.feed is None else await system.feed.progress(),
    )


async def collect(system: System, folder: RunFolder) -> None:
    """Write the final log, JetStream's content, what was applied, the read model, and the feed."""
    folder.write_log(await read_log(system))
    folder.write_stream(await read_messages(system.cluster.nats_url))
    postgres = system.cluster.postgres
    folder.write_applied(await read_applied(postgres, DATABASE))
    folder.write_read_model(await read_rows(postgres, DATABASE, PROJECTION))
    if system.feed is not None:
        await system.feed.collect(folder)


async def read_log(system: System) -> list[LogRow]:
    """Read the whole log, by the referee's store.

    Raises:
        EventStoreError: the store does not answer.
    """
    rows: list[LogRow] = []
    while True:
        after = Position(rows[-1].position if rows else 0)
        page = await system.store.read_log(after=after, limit=PAGE)
        rows.extend(map(LogRow.of, page))
        if len(page) < PAGE:
            return rows
