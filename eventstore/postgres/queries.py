"""The SQL statements, one a file in ``sql/``, by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from eventstore.config import DEFAULT_LOG
from eventstore.postgres.schema import for_log

__all__ = ["query"]


@cache
def query(name: str, log: str = DEFAULT_LOG) -> str:
    """Return the statement of that name, for that log."""
    path = files("eventstore.postgres").joinpath("sql", f"{name}.sql")
    return for_log(path.read_text(encoding="utf-8"), log)
