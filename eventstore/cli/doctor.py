"""``eventstore doctor``: is this server fit to hold the log, and is the log whole?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from eventstore.cli.exits import Exit
from eventstore.cli.options import DatabaseUrl, Json, LogName, TimeoutSeconds, print_json
from eventstore.config import archive_folder, place_of
from eventstore.config import database_url as database_url_of
from eventstore.config import log_name as log_name_of
from eventstore.postgres.findings import Finding, Level
from eventstore.postgres.preflight import preflight

__all__ = ["doctor"]

_EXITS: Final = {
    Level.OK: Exit.OK,
    Level.WARNING: Exit.OK,
    Level.ERROR: Exit.USAGE,
    Level.VIOLATION: Exit.VIOLATION,
}
_STYLES: Final = {
    Level.OK: "green",
    Level.WARNING: "yellow",
    Level.ERROR: "bold red",
    Level.VIOLATION: "bold white on red",
}


async def doctor(
    *,
    whole_log: Annotated[
        bool,
        Parameter(negative="", help="Look through the whole log and all its archives; slow."),
    ] = False,
    json: Json = False,
    timeout_seconds: TimeoutSeconds = 10.0,
    log_name: LogName = None,
    database_url: DatabaseUrl = None,
) -> int:
    """Check server, schema, durability, clock and log.

    Exit 0: fine; 1: the log has a hole; 2: something must be set right; 5: unreachable.
    """
    url = database_url_of(database_url)
    findings = await preflight(
        url,
        log=log_name_of(log_name),
        whole_log=whole_log,
        timeout_seconds=timeout_seconds,
        archive_folder=archive_folder(),
        export_folder=Path.cwd(),
    )
    worst = max((finding.level for finding in findings), key=list(Level).index)
    if json:
        print_json({"schema": "trueorder.doctor/1", "level": worst, "findings": findings})
    else:
        _print(place_of(url, log_name_of(log_name)), findings)
    return _EXITS[worst]


def _print(place: str, findings: list[Finding]) -> None:
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    console.print(Text(place, style="bold"))
    for finding in findings:
        level = Text(f"{finding.level:<9}", style=_STYLES[finding.level])
        console.print(level, Text(f"{finding.name:<27}{finding.value}"), sep="  ")
        if finding.advice:
            console.print(Text(f"           {finding.advice}", style="dim"))
