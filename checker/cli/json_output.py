"""Documents on standard output."""

from __future__ import annotations

from typing import Any

import msgspec

from checker.cli.output import write_stdout

__all__ = ["print_json"]


def print_json(document: Any) -> None:
    """Print a document, indented."""
    write_stdout(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
