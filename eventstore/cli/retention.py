"""``eventstore retention``: how long payloads are kept, and dropping what was kept for long enough.

It imports drivers, so it is itself imported only when the command is used.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number

from eventstore.cli.exits import Exit
from eventstore.cli.options import DatabaseUrl, Json, LogName, TimeoutSeconds, print_json
from eventstore.cli.progress import progress
from eventstore.cli.tables import print_table
from eventstore.config import archive_folder
from eventstore.config import database_url as database_url_of
from eventstore.config import log_name as log_name_of
from eventstore.errors import ConfigError
from eventstore.postgres.retention import DAYS_MAX, Kind, Policy, PostgresRetention

__all__ = ["app"]

app = App(name="retention", help="Say how long payloads are kept, and drop what is due.")

Stream = Annotated[str | None, Parameter(help="The stream that it is about: CATEGORY-ID.")]
Category = Annotated[str | None, Parameter(help="The category that it is about.")]


@app.command(name="set")
async def set_policy(
    *,
    days: Annotated[
        int, Parameter(help="Keep payloads so long.", validator=Number(gte=0, lte=DAYS_MAX))
    ],
    stream: Stream = None,
    category: Category = None,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Keep payloads of a stream or a category for so many days; nothing is dropped before `run`.

    The policy of a stream goes before that of its category.
    """
    kind, name = _subject(stream, category)
    async with _retention(database_url, log_name, timeout_seconds) as retention:
        await retention.set(Policy(kind=kind, name=name, days=days))
    sys.stderr.write(f"payloads of the {kind} {name} are kept for {days} days\n")


@app.command(name="unset")
async def unset_policy(
    *,
    stream: Stream = None,
    category: Category = None,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> int:
    """Keep payloads of a stream or a category for ever again; what was dropped stays gone."""
    kind, name = _subject(stream, category)
    async with _retention(database_url, log_name, timeout_seconds) as retention:
        if await retention.unset(kind, name):
            sys.stderr.write(f"payloads of the {kind} {name} are kept for ever\n")
            return Exit.OK
    sys.stderr.write(f"eventstore: there is no policy for the {kind} {name}.\n")
    return Exit.REFUSED


@app.command(name="list")
async def list_policies(
    *,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """List how long payloads are kept; what is not listed is kept for ever."""
    async with _retention(database_url, log_name, timeout_seconds) as retention:
        policies = await retention.policies()
    if json or not sys.stdout.isatty():
        for policy in policies:
            print_json(policy)
        return
    rows = [(f"{one.days:,}", one.kind, one.name) for one in policies]
    print_table(("days", "of a", "name"), rows, numbers=1, nothing="everything is kept for ever")


@app.command(name="run")
async def run_policies(
    *,
    yes: Annotated[
        bool, Parameter(negative="", help="Drop it for ever; without, it is only counted.")
    ] = False,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 60.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Drop the payloads that were kept for long enough, as the log's archivist or owner.

    The events stay where they are, with id, type, time and tags, and `verify-log` goes through.
    Files of archives are written again without them, and the old ones removed.
    """
    async with _retention(database_url, log_name, timeout_seconds) as retention:
        with progress("retiring", None) as done:
            # Not by our clock: if it were ahead, what is gone would be gone too early.
            results = await retention.run(
                await retention.now(),
                dry=not yes,
                archive_folder=archive_folder(),
                progress=lambda count: done(count, None),
            )
    if json or not sys.stdout.isatty():
        for one in results:
            print_json(
                {
                    "kind": one.policy.kind,
                    "name": one.policy.name,
                    "days": one.policy.days,
                    "retired" if yes else "due": one.retired,
                    "archived": one.archived,
                }
            )
    if not results:
        sys.stderr.write("there are no policies: everything is kept for ever\n")
        return
    due = sum(one.retired for one in results)
    what = "payloads were dropped" if yes else "payloads are due: --yes drops them for ever"
    archived = sum(one.archived for one in results)
    where = f" ({archived:,} of them in archives)" if archived else ""
    sys.stderr.write(f"{due:,} {what}{where}\n" if due else "nothing is due\n")


def _subject(stream: str | None, category: str | None) -> tuple[Kind, str]:
    if stream is not None and category is None:
        return "stream", stream
    if category is not None and stream is None:
        return "category", category
    raise ConfigError("name either a stream (--stream) or a category (--category).")


@asynccontextmanager
async def _retention(
    database_url: str | None, log: str | None, timeout_seconds: float
) -> AsyncIterator[PostgresRetention]:
    async with PostgresRetention.connect(
        database_url_of(database_url), log=log_name_of(log), timeout_seconds=timeout_seconds
    ) as retention:
        yield retention
