"""`checker schema`: JSON Schemas, for those who write histories or read results."""

from __future__ import annotations

from typing import Literal

from checker.cli.exits import Exit
from checker.cli.json_output import print_json
from checker.report.schemas import SCHEMAS

__all__ = ["schema"]


def schema(what: Literal["history", "result"] = "result", /) -> int:
    """Print the JSON Schema of a history's lines, or of a result.

    Args:
        what: history: one line of trueorder.history/1. result: what `checker verify --json` prints.
    """
    print_json(SCHEMAS[what]())
    return Exit.VALID
