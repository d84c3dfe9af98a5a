"""``eventstore archive`` and ``eventstore archives``: old payloads in files that are read alike."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.filesize import decimal

from eventstore.cli.options import DatabaseUrl, Json, LogName, TimeoutSeconds, print_json
from eventstore.cli.progress import progress
from eventstore.cli.tables import print_table
from eventstore.config import archive_folder
from eventstore.config import database_url as database_url_of
from eventstore.config import log_name as log_name_of
from eventstore.errors import ConfigError
from eventstore.postgres import archive as archiving
from eventstore.postgres.archive_condition import condition_of
from eventstore.postgres.archived import Archive
from eventstore.stream import Position

__all__ = ["archive", "archives"]


async def archive(
    *,
    to: Annotated[
        Path, Parameter(help="The folder for the files; it is part of the log from then on.")
    ],
    until: Annotated[
        int | None,
        Parameter(help="The last position to archive.", validator=Number(gte=1)),
    ] = None,
    older_than: Annotated[
        int | None,
        Parameter(
            help="Archive what was recorded more than so many days ago.",
            validator=Number(gte=0, lte=36_500),
        ),
    ] = None,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 60.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Move the payloads of the oldest events into Parquet files, as the log's archivist or owner.

    They are read as before, by everything; each file is written, read back and compared before the
    database lets its own go. Begin again what broke off.
    """
    if until is None and older_than is None:
        raise ConfigError("say how far: --until POSITION, --older-than DAYS, or both.")
    before = None
    if older_than is not None:
        before = dt.datetime.now(dt.UTC) - dt.timedelta(days=older_than)
    with progress("archiving", None) as done:
        made = await archiving.archive(
            database_url_of(database_url),
            to,
            until=None if until is None else Position(until),
            before=before,
            log=log_name_of(log_name),
            timeout_seconds=timeout_seconds,
            progress=done,
        )
    if json or not sys.stdout.isatty():
        for one in made:
            print_json(_described(one))
    events = sum(one.last - one.first + 1 for one in made)
    if not made:
        sys.stderr.write("nothing to archive: no event so old is in the database still.\n")
        return
    sys.stderr.write(
        f"{events:,} events, up to position {made[-1].last:,}, in {len(made)} "
        f"file{'' if len(made) == 1 else 's'} under {to}: back them up like the database. VACUUM "
        "makes their room in it free.\n"
    )


async def archives(
    *,
    whole: Annotated[
        bool, Parameter(negative="", help="Read each file, and compare its sha256; slow.")
    ] = False,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List the archives of the log, and whether each file is at hand and what was written."""
    found = await archiving.archives(
        database_url_of(database_url), log=log_name_of(log_name), timeout_seconds=timeout_seconds
    )
    conditions = await asyncio.to_thread(
        lambda: [condition_of(one, archive_folder(), whole=whole) for one in found]
    )
    if json or not sys.stdout.isatty():
        for one, condition in zip(found, conditions, strict=True):
            print_json({**_described(one), "condition": condition})
        return
    columns = ("first", "last", "size", "archived at", "condition", "file")
    rows = [
        (
            f"{one.first:,}",
            f"{one.last:,}",
            decimal(one.size_bytes),
            f"{one.archived_at:%Y-%m-%d %H:%M:%S}",
            condition,
            str(one.path_in(archive_folder())),
        )
        for one, condition in zip(found, conditions, strict=True)
    ]
    print_table(columns, rows, numbers=3, nothing="there are no archives")


def _described(one: Archive) -> dict[str, object]:
    return {
        "first": one.first,
        "last": one.last,
        "file": str(one.path_in(archive_folder())),
        "bytes": one.size_bytes,
        "sha256": one.checksum.hex(),
        "archived_at": one.archived_at,
        "archived_by": one.archived_by,
        "rewrites": one.rewrites,
    }
