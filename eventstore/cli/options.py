"""Options that several commands share, how a command opens the store, and how it prints."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter
from cyclopts.validators import Number

from eventstore.config import (
    DATABASE_URL,
    DEFAULT_LOG,
    LOG,
    TIMEOUT_SECONDS_MAX,
    archive_folder,
    log_name,
)
from eventstore.config import database_url as database_url_of
from eventstore.query import Query
from eventstore.store import EventStore
from eventstore.validation import check_query

__all__ = [
    "Categories",
    "DatabaseUrl",
    "Json",
    "LogName",
    "Tags",
    "TimeoutSeconds",
    "Types",
    "open_store",
    "print_json",
    "selection",
]

DatabaseUrl = Annotated[
    str | None,
    Parameter(
        name="--database-url",
        help=f"postgresql://USER:PASSWORD@HOST:PORT/DATABASE; without it, ${DATABASE_URL} is used.",
    ),
]

LogName = Annotated[
    str | None,
    Parameter(
        name="--log-name",
        help=f"Which log of the database; without it, ${LOG} is used, else {DEFAULT_LOG!r}.",
    ),
]

TimeoutSeconds = Annotated[
    float,
    Parameter(
        name="--timeout",
        help="How many seconds to wait for a connection, and for an answer.",
        validator=Number(gt=0, lte=TIMEOUT_SECONDS_MAX),
    ),
]

Json = Annotated[
    bool, Parameter(name="--json", negative="", help="Print JSON, also on a terminal.")
]

Categories = Annotated[
    tuple[str, ...],
    Parameter(name="--category", negative="", help="Only events of this category, or these."),
]

Types = Annotated[
    tuple[str, ...],
    Parameter(name="--type", negative="", help="Only events of this type, or these."),
]

Tags = Annotated[
    tuple[str, ...],
    Parameter(name="--tag", negative="", help="Only events with this tag, with all of these."),
]


def open_store(
    database_url: str | None, log: str | None, timeout_seconds: float, *, connections: int = 1
) -> AbstractAsyncContextManager[EventStore]:
    """Open the store that the options, or the environment, name.

    Raises:
        ConfigError: a setting is missing or cannot be used.
    """
    from eventstore.postgres.store import PostgresEventStore  # noqa: PLC0415 - slow to import

    return PostgresEventStore.connect(
        database_url_of(database_url),
        log=log_name(log),
        pool_size=connections,
        timeout_seconds=timeout_seconds,
        archive_folder=archive_folder(),
    )


def selection(categories: Iterable[str], types: Iterable[str], tags: Iterable[str]) -> Query | None:
    """The query that the options spell, null if they name nothing.

    Raises:
        InvalidRequest: it breaks a rule.
    """
    query = Query.of(categories=tuple(categories), types=tuple(types), tags=tuple(tags))
    if query == Query.everything():
        return None
    check_query(query)
    return query


def print_json(value: Any) -> None:
    """Print a value as one line of JSON on standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
