"""``eventstore migrate``."""

from __future__ import annotations

import sys

from eventstore.cli.options import DatabaseUrl
from eventstore.config import database_url as database_url_of
from eventstore.config import server_of
from eventstore.migrate import HEAD, current
from eventstore.migrate import migrate as migrate_database

__all__ = ["migrate"]


async def migrate(*, database_url: DatabaseUrl = None) -> None:
    """Bring the database to the schema of this version.

    Safe to run at any time and by several processes at once.
    """
    url = database_url_of(database_url)
    before = await current(url)
    await migrate_database(url)
    done = "already at" if before == HEAD else f"migrated from {before or 'nothing'} to"
    sys.stderr.write(f"{server_of(url)}: {done} revision {HEAD}\n")
