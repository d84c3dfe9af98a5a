"""``eventstore forget``, ``export-subject``, ``rewrap-keys``, ``new-master-key``: personal data."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from cyclopts import Parameter

from eventstore.cli.options import (
    DatabaseUrl,
    Json,
    LogName,
    TimeoutSeconds,
    open_store,
    print_json,
)
from eventstore.config import KEY_FILE, key_file_text
from eventstore.config import database_url as database_url_of
from eventstore.config import log_name as log_name_of
from eventstore.errors import ConfigError
from eventstore.postgres.subject_keys import PostgresSubjectKeys
from eventstore.sealing import MasterKeys
from eventstore.subject_keys import check_subject
from eventstore.vault import Vault

__all__ = ["export_subject", "forget", "new_master_key", "rewrap_keys"]

KeyFile = Annotated[
    str | None,
    Parameter(
        name="--key-file",
        help=f"The file of the master keys; without it, ${KEY_FILE} is used.",
    ),
]

Subject = Annotated[str, Parameter(help="Whom the data is about, such as customer:42.")]


async def forget(
    subject: Subject,
    /,
    *,
    yes: Annotated[
        bool, Parameter(negative="", help="Do it; without this nothing is done.")
    ] = False,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Destroy a subject's key: nothing that was sealed for it can ever be read again."""
    check_subject(subject)
    if not yes:
        raise ConfigError(
            f"to forget {subject!r} cannot be undone, whatever backups there are of the log: "
            "pass --yes to do it. `eventstore export-subject` shows what would be lost."
        )
    async with _keys(database_url, log_name, timeout_seconds) as keys:
        had_key = await keys.forget(subject)
    if json or not sys.stdout.isatty():
        print_json({"subject": subject, "had_key": had_key})
    sys.stderr.write(
        f"{subject} is forgotten. What was opened before and kept elsewhere (read models, "
        "snapshots, exports) is to be removed there.\n"
        if had_key
        else f"there was no key of {subject}; now there will never be one.\n"
    )


async def export_subject(
    subject: Subject,
    /,
    *,
    key_file: KeyFile = None,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print the events that hold values of a subject, with these opened, as JSON lines."""
    master_keys = MasterKeys.parse(key_file_text(key_file))
    count = 0
    async with (
        open_store(database_url, log_name, timeout_seconds) as store,
        _keys(database_url, log_name, timeout_seconds) as keys,
    ):
        async for event in Vault(keys, master_keys).export(store, subject):
            print_json(event)
            count += 1
    sys.stderr.write(f"{count} event{'' if count == 1 else 's'} of {subject}\n")


async def rewrap_keys(
    *,
    key_file: KeyFile = None,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Wrap all subjects' keys by the first master key of the file; then the others can go."""
    master_keys = MasterKeys.parse(key_file_text(key_file))
    async with _keys(database_url, log_name, timeout_seconds) as keys:
        rewrapped = await Vault(keys, master_keys).rewrap()
    if json or not sys.stdout.isatty():
        print_json({"master_key": master_keys.current, "rewrapped": rewrapped})
    sys.stderr.write(
        f"{rewrapped} keys were wrapped by another master key, now all are by "
        f"{master_keys.current!r}.\n"
    )


def new_master_key(
    name: Annotated[str, Parameter(help="What to call it, such as the date.")], /
) -> None:
    """Print a line for a key file, with a new key. The first line of the file wraps new keys."""
    line = MasterKeys.new_line(name)
    MasterKeys.parse(line)  # refuses a name that could not be read back
    sys.stdout.write(line + "\n")


@asynccontextmanager
async def _keys(
    database_url: str | None, log: str | None, timeout_seconds: float
) -> AsyncIterator[PostgresSubjectKeys]:
    async with PostgresSubjectKeys.connect(
        database_url_of(database_url), log=log_name_of(log), timeout_seconds=timeout_seconds
    ) as keys:
        yield keys
