"""The judgement on a terminal: headline, properties, anomalies, and where to look next."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from checker import Verdict
from verification.artefacts import RunFolder
from verification.judge.document import judge_again_command
from verification.judge.judgement import Judgement
from verification.judge.property import Property

__all__ = ["print_judgement"]

ANOMALIES_SHOWN: Final = 1
"""Of each type in each property; the page has the rest."""

_STYLE: Final = {
    Verdict.VALID: ("green", "✓"),
    Verdict.INVALID: ("red", "✗"),
    Verdict.UNKNOWN: ("yellow", "?"),
}


def print_judgement(console: Console, judgement: Judgement, folder: RunFolder) -> None:
    """Print what a run proves, and what it refutes."""
    console.print()
    console.print(_headline(judgement))
    console.print()
    console.print(_properties(judgement))
    for judged in judgement.properties:
        if judged.anomalies:
            _print_anomalies(console, judged)
    console.print()
    places = {
        "page": f"file://{folder.report}",
        "run": str(folder.path),
        "judge again": judge_again_command(folder),
        "run again": judgement.scenario.command,
    }
    for name, place in places.items():
        # To be copied: it may leave the screen, it must not be broken.
        console.out(f"  {name:11}  {place}", highlight=False)


def _headline(judgement: Judgement) -> str:
    style, _ = _STYLE[judgement.verdict]
    mutant = judgement.scenario.mutant
    match judgement.verdict:
        case Verdict.VALID:
            said = "every property holds"
        case Verdict.INVALID:
            said = ", ".join(judgement.anomaly_types)
        case _:
            said = f"nothing is proved: {judgement.reasons[0]}"
    planted = f" [dim](planted: {mutant})[/]" if mutant else ""
    return f"[bold {style}]{judgement.verdict}[/]  {escape(said)}{planted}"


def _properties(judgement: Judgement) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column(width=3, justify="right")
    table.add_column(no_wrap=True)
    table.add_column(style="dim")
    for judged in judgement.properties:
        style, mark = _STYLE[judged.verdict]
        table.add_row(f"[{style}]{mark}[/]", escape(judged.title), escape(judged.sentence))
    return table


def _print_anomalies(console: Console, judged: Property) -> None:
    console.print()
    console.print(f"  [bold]{escape(judged.title)}[/]: [red]refuted[/]")
    shown: Counter[str] = Counter()
    for anomaly in judged.anomalies:
        shown[anomaly.type] += 1
        if shown[anomaly.type] > ANOMALIES_SHOWN:
            continue
        line = f"[red]{escape(anomaly.type)}[/]  {escape(anomaly.explanation)}"
        console.print(Padding(line, (0, 0, 0, 4)))
    hidden = judged.anomalies_total - sum(min(n, ANOMALIES_SHOWN) for n in shown.values())
    if hidden > 0:
        console.print(f"    [dim]and {hidden:,} more of {_names(judged)}; see the page[/]")


def _names(judged: Property) -> str:
    return ", ".join(judged.anomaly_types)
