"""The document that every benchmark prints: what ran, on what, beside whom.

Ratios are what counts: machines are shared and noisy, so a row holds figures that were measured in
one run, and a ratio above 1 means that we are better. What could not run here is null, with a note.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

__all__ = ["SCHEMA", "Document", "Machine", "Row", "main"]

SCHEMA: Final = "trueorder.benchmark/1"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures were measured on."""

    cpu: str
    cores: int
    memory_bytes: int
    system: str
    python: str


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement. ``unit`` says what the figures are; for seconds and bytes less is better."""

    name: str
    unit: str
    ours: float | None
    peer: float | None = None
    peer_name: str | None = None
    limit: float | None = None
    limit_name: str | None = None
    ratio_to_peer: float | None = None
    ratio_to_limit: float | None = None
    peak_bytes: int | None = None
    note: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one benchmark."""

    schema: str
    machine: Machine
    rows: list[Row]


def this_machine() -> Machine:
    """Describe the machine we run on."""
    cpu = platform.processor() or "unknown"
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        models = [line for line in facts.read_text().splitlines() if line.startswith("model name")]
        cpu = models[0].partition(":")[2].strip() if models else cpu
    return Machine(
        cpu=cpu,
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


def main(description: str, measure: Callable[[bool], Iterable[Row]]) -> None:
    """Run a benchmark as a command: ``measure(quick)`` yields its rows as they are measured."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="smaller inputs, within a minute")
    parser.add_argument("--json", action="store_true", help="print the document instead of a table")
    arguments = parser.parse_args()
    rows: list[Row] = []
    progress = Console(stderr=True)
    for row in measure(arguments.quick):
        rows.append(row)
        progress.print(f"[dim]{row.name}[/dim] {figure(row.ours, row.unit)} {ratio_words(row)}")
    document = Document(schema=SCHEMA, machine=this_machine(), rows=rows)
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
    else:
        _print(document)


def figure(value: float | None, unit: str) -> str:
    """A figure with four digits and its unit, or a dash."""
    return "-" if value is None else f"{value:.4g} {unit}"


def ratio_words(row: Row) -> str:
    """The ratios of a row in words, for the line that is printed when it is done."""
    words = []
    if row.ratio_to_peer is not None:
        words.append(f"{row.ratio_to_peer:.3g} x {row.peer_name}")
    if row.ratio_to_limit is not None:
        words.append(f"{row.ratio_to_limit:.3g} of {row.limit_name}")
    return ", ".join(words) or row.note


def _print(document: Document) -> None:
    """Print the figures as a table, and below it what there is to say of them."""
    console = Console(highlight=False)
    console.print(_table(document))
    for row in document.rows:
        if row.note:
            console.print(Text(f"{row.name}: ", style="bold") + Text(row.note))


def _table(document: Document) -> Table:
    shown = Table(title=f"{document.machine.cpu}, {document.machine.cores} cores", title_style="")
    for heading in ("row", "ours", "peer", "x peer", "limit", "of limit", "peak MiB"):
        shown.add_column(
            heading, justify="left" if heading == "row" else "right", no_wrap=heading == "row"
        )
    for row in document.rows:
        shown.add_row(
            row.name,
            figure(row.ours, row.unit),
            figure(row.peer, row.unit),
            figure(row.ratio_to_peer, "").strip(),
            figure(row.limit, row.unit),
            figure(row.ratio_to_limit, "").strip(),
            "-" if row.peak_bytes is None else f"{row.peak_bytes / 2**20:.0f}",
        )
    return shown
