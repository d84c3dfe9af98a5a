"""Options that several commands share, and how a command prints."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from eventstore.config import DATABASE_URL

__all__ = ["DatabaseUrl", "Json", "TimeoutSeconds", "print_json"]

DatabaseUrl = Annotated[
    str | None,
    Parameter(
        name="--database-url",
        help=f"postgresql://USER:PASSWORD@HOST:PORT/DATABASE; without it, ${DATABASE_URL} is used.",
    ),
]

TimeoutSeconds = Annotated[
    float,
    Parameter(
        name="--timeout",
        help="How many seconds to wait for a connection, and for an answer.",
    ),
]

Json = Annotated[
    bool, Parameter(name="--json", negative="", help="Print JSON, also on a terminal.")
]


def print_json(value: Any) -> None:
    """Print a value as one line of JSON on standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
