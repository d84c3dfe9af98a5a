"""``eventstore migrate``."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from eventstore.cli.options import DatabaseUrl, Json, print_json
from eventstore.config import database_url as database_url_of
from eventstore.config import log_name, place_of
from eventstore.migrate import HEAD, current
from eventstore.migrate import migrate as migrate_database

__all__ = ["migrate"]


async def migrate(
    *,
    log: Annotated[
        str | None,
        Parameter(
            name=["--log", "--log-name"],
            help="Which log of the database; it is made if it is not there.",
        ),
    ] = None,
    json: Json = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Bring a log to the schema of this version.

    Safe to run at any time and by several processes at once.
    """
    url, name = database_url_of(database_url), log_name(log)
    before = await current(url, log=name)
    await migrate_database(url, log=name)
    if json or not sys.stdout.isatty():
        print_json({"log": name, "before": before, "revision": HEAD})
    done = "already at" if before == HEAD else f"migrated from {before or 'nothing'} to"
    sys.stderr.write(f"{place_of(url, name)}: {done} revision {HEAD}\n")
