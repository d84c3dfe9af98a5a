"""What deciding a history took, for people."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from checker.report.judging_statistics import HardPart, JudgingStatistics
from checker.report.terminal import print_line
from checker.report.wording import bytes_text, count_text, duration_text, printable, value_text

__all__ = ["print_statistics"]

_INDENT: Final = 2
_NANOSECONDS: Final = 1e9


def print_statistics(console: Console, statistics: JudgingStatistics) -> None:
    """Print a table of what each algorithm did, and the hardest parts."""
    kept = statistics.peak_bytes
    searched = f"; searches kept {bytes_text(kept)} at most" if kept else ""
    print_line(
        console,
        f"  {count_text(statistics.parts, 'part')}, the largest of "
        f"{count_text(statistics.largest_part, 'operation')}{searched}",
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("parts", "undecided", "operations", "time", "configurations"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("algorithm")
    for share in statistics.algorithms:
        table.add_row(
            f"{share.parts:,}",
            f"{share.undecided:,}",
            f"{share.operations:,}",
            _time(share.seconds),
            f"{share.configurations:,}",
            printable(share.algorithm),
        )
    console.print(Padding(table, (0, 0, 0, _INDENT), expand=False))
    if statistics.parts > 1:
        told = "; ".join(map(_hard, statistics.hardest))
        print_line(console, f"  hardest: {told}")


def _hard(part: HardPart) -> str:
    seen = f", {count_text(part.configurations, 'configuration')}" if part.configurations else ""
    name = "the whole" if part.key is None else f"key {value_text(part.key)}"
    return f"{name}: {count_text(part.operations, 'operation')}, {_time(part.seconds)}{seen}"


def _time(seconds: float) -> str:
    return duration_text(round(seconds * _NANOSECONDS))
