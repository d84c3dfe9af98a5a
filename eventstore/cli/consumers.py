"""``eventstore consumers``: how far the consumers are behind the log."""

from __future__ import annotations

import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from eventstore.cli.exits import Exit
from eventstore.cli.options import (
    DatabaseUrl,
    Json,
    LogName,
    TimeoutSeconds,
    open_store,
    print_json,
)
from eventstore.cli.tables import print_table
from eventstore.config import database_url as database_url_of
from eventstore.consumer.postgres_status import ConsumerStatus
from eventstore.consumer.postgres_status import consumers as all_consumers
from eventstore.stream import Position

__all__ = ["consumers"]


async def consumers(
    *,
    checkpoints_url: Annotated[
        str | None,
        Parameter(help="The database with the checkpoints, if it is not that of the log."),
    ] = None,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> Exit:
    """List consumers and the partitions of groups: position, lag in events, and owner.

    Ends with 1 if one is ahead of the log: then the log went back, or it is another log's.
    """
    url = database_url_of(checkpoints_url or database_url)
    # In this order, since a consumer may move on meanwhile, and the log is never behind it.
    found = await all_consumers(url, timeout_seconds=timeout_seconds)
    async with open_store(database_url, log_name, timeout_seconds) as store:
        head = await store.head()
    if json or not sys.stdout.isatty():
        for status in found:
            print_json({**msgspec.structs.asdict(status), "lag": head - status.position})
    else:
        columns = ("lag", "position", "consumer", "partition", "owner")
        rows = [_cells(status, head) for status in found]
        print_table(columns, rows, numbers=2, nothing="no consumer has a checkpoint here")
    ahead = [status for status in found if status.position > head]
    for status in ahead:
        sys.stderr.write(
            f"consumer {status.consumer!r} is at position {status.position}, the log ends at "
            f"{head}: the log went back, or it is another log's.\n"
        )
    return Exit.VIOLATION if ahead else Exit.OK


def _cells(status: ConsumerStatus, head: Position) -> tuple[str, ...]:
    whole = status.partition is None
    return (
        str(head - status.position),
        str(status.position),
        status.consumer,
        "" if whole else str(status.partition),
        "" if whole else status.owner or "nobody",
    )
