"""`checker stats`: what is in a history, in numbers."""

from __future__ import annotations

from typing import Annotated, Final

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from checker.cli.console import report_console
from checker.cli.exits import Exit
from checker.cli.json_output import print_json
from checker.cli.options import check_files
from checker.cli.output import warn
from checker.cli.usage import STDIN_PATH
from checker.cli.verify import HistoryFormat
from checker.errors import MalformedHistory
from checker.history.formats import read_history
from checker.history.statistics import HistoryStatistics, statistics_of
from checker.report.terminal import print_line
from checker.report.wording import count_text, duration_text, printable

__all__ = ["stats"]

_NUMBERS: Final = ("ok", "fail", "info", "pending", "p50", "p95", "p99", "max")


def stats(
    file: str,
    /,
    *,
    format: HistoryFormat = "auto",  # noqa: A002 - it is what the option is called
    json: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
) -> int:
    """Count a history's operations by outcome, and show its concurrency and latencies.

    Exit code: 0 counted, 4 malformed, 2 usage.

    Args:
        file: A history file, gzipped or not; - is standard input.
        format: How the file is written; auto tells it from its content.
        json: Print a JSON document (times in nanoseconds) instead of text.
    """
    check_files([file])
    try:
        history = read_history("-" if file == STDIN_PATH else file, format)
    except MalformedHistory as error:
        warn(str(error))
        return Exit.MALFORMED
    statistics = statistics_of(history)
    if json:
        print_json(statistics)
    else:
        _print(report_console(), statistics)
    return Exit.VALID


def _print(console: Console, statistics: HistoryStatistics) -> None:
    unknown = count_text(statistics.unknown_max, "unknown outcome")
    on_keys = f" on {count_text(statistics.keys, 'key')}" if statistics.keys else ""
    print_line(
        console,
        f"{statistics.source}: {count_text(statistics.operations, 'operation')} of "
        f"{count_text(statistics.processes, 'process', 'processes')}"
        f"{on_keys}, {count_text(statistics.nemesis_events, 'nemesis event')}",
    )
    lasted = "without times" if statistics.duration is None else duration_text(statistics.duration)
    print_line(
        console,
        f"lasted {lasted}; concurrency up to {statistics.concurrency_max}, "
        f"mean {statistics.concurrency_mean:.2f}; {unknown}",
    )
    if not statistics.functions:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("f", no_wrap=True, style="bold")
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    for function in statistics.functions:
        latencies = (
            function.latency_p50,
            function.latency_p95,
            function.latency_p99,
            function.latency_max,
        )
        counts = (function.ok, function.fail, function.info, function.pending)
        table.add_row(
            printable(function.f),
            *(f"{count:,}" for count in counts),
            *("-" if latency is None else duration_text(latency) for latency in latencies),
        )
    console.print(table)
