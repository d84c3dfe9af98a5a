"""The SQL statements, one a file in ``sql/``, by name."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["query"]


@cache
def query(name: str) -> str:
    """Return the statement of that name."""
    return files("eventstore.postgres").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
