"""Bring a database to the schema this version works with, from the checkout or when installed.

`migrate` may be called by any number of processes at once: they take turns, and the later ones find
nothing to do. It never goes back: a released migration does not change, and has no way down.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import SQLAlchemyError

from eventstore.config import DEFAULT_LOG
from eventstore.errors import SchemaMismatch
from eventstore.postgres.engine import connected, revision_of
from eventstore.postgres.schema import REVISION
from eventstore.postgres.translate import DRIVER_ERRORS, migration_failed

__all__ = ["HEAD", "current", "migrate", "scripts"]

HEAD: Final = REVISION
"""The revision that this version works with."""

_ALEMBIC: Final = threading.Lock()
"""Alembic keeps the migration under way in global variables: one at a time in a process."""


async def migrate(url: str, *, log: str = DEFAULT_LOG) -> None:
    """Bring a log at ``url`` to `HEAD`, in one transaction; once begun it is not cancelled.

    A log that is not there is made.

    Raises:
        ConfigError: the URL cannot be used, or ``log`` cannot be a name.
        StoreUnavailable: no connection could be made.
        SchemaMismatch: the database is ahead of this version.
        MigrationFailed: PostgreSQL refused a statement; nothing was changed.
        UpdateFailed: no answer came; begin again.
    """
    found = await current(url, log=log)
    if found is not None and found > HEAD:
        raise SchemaMismatch(found, HEAD, log)
    await asyncio.to_thread(_upgrade, url, log)


async def current(url: str, *, log: str = DEFAULT_LOG) -> str | None:
    """Return the revision that a log at ``url`` is at, None if it was never migrated.

    Raises:
        ConfigError: the URL cannot be used, or ``log`` cannot be a name.
        StoreUnavailable: no connection could be made.
    """
    async with connected(url, application="eventstore migrate") as connection:
        return await revision_of(connection, log)


def scripts() -> Path:
    """Return the folder of the migrations: in the checkout, a link to the one at the top."""
    return Path(__file__).parent / "_migrations"


def _upgrade(url: str, log: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes["url"] = url
    config.attributes["log"] = log
    try:
        with _ALEMBIC:
            command.upgrade(config, "head")
    except (SQLAlchemyError, *DRIVER_ERRORS) as error:
        raise migration_failed(getattr(error, "orig", None) or error) from error
