"""`checker shrink`: the smallest part of a history that fails in the same way."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated, Final

from cyclopts import Parameter
from msgspec.structs import replace

from checker.cli.console import report_console
from checker.cli.convert import WrittenFormat, format_to_write, is_stdout, write
from checker.cli.exits import Exit
from checker.cli.one_history import AS_VERIFY, Judged, Judging, NotJudged, judge_one
from checker.cli.options import check_output, parsed
from checker.cli.output import warn
from checker.cli.progress import progress
from checker.cli.quantities import parse_seconds
from checker.cli.signals import Terminated
from checker.cli.usage import UsageError
from checker.errors import NothingToShrink
from checker.minimize import Minimized, minimize
from checker.models import MODELS
from checker.report.explain import explain_anomaly
from checker.report.explain.text import print_explanation
from checker.report.terminal import print_line
from checker.report.wording import count_text
from checker.verdict import Verdict

__all__ = ["shrink"]

_WITH_HEADER: Final = "jsonl"
_ORIGINS_MAX: Final = 100
"""Operations that the header tells by their number in the whole history."""


def shrink(
    file: str,
    /,
    *,
    anomaly: str | None = None,
    output: Annotated[str, Parameter(name=("--output", "-o"))] = "-",
    to: WrittenFormat = "auto",
    budget: str = "60s",
    judging: Judging = AS_VERIFY,
) -> int:
    """Find the smallest part of a history that fails in the same way, and write it.

    What is written is a history that has the same anomaly, and that does not have it without any
    one of its operations. What it says about the whole is printed on standard error, or on standard
    output if the history goes to a file.

    Exit code: 0 written, 2 usage or nothing to shrink, 3 written, but perhaps not the smallest, or
    undecided, 4 malformed, 130 or 143 stopped: the smallest so far is written.

    Args:
        file: A history file, gzipped or not; - is standard input.
        anomaly: The name of the anomaly to keep; without it, the first one.
        output: The file to write; - is standard output.
        to: How to write it; auto tells it from the file's name.
        budget: When to stop with the smallest one found so far: 500ms, 60s, 2m.
        judging: How it is read and judged.
    """
    format_name = format_to_write(output, to, "--to")
    check_output("--output", None if is_stdout(output) else output)
    seconds = parsed("--budget", budget, parse_seconds)
    with progress() as stage:
        try:
            judged = judge_one(file, judging, stage)
        except NotJudged as reason:
            return reason.code
        if judged.result.verdict is Verdict.UNKNOWN:
            warn(f"{judged.report.file}: undecided: {judged.result.reason}")
            return Exit.UNDECIDED
        began = time.monotonic()
        found, code = _minimized(judged, judging, anomaly, seconds, stage)
    small = replace(found.history, header=_header(judged, found, format_name))
    written = write(small, output, format_name, lossy=True)
    if written is not Exit.VALID:
        return written
    _print(judged, found, output, time.monotonic() - began)
    return code


def _minimized(
    judged: Judged,
    judging: Judging,
    anomaly: str | None,
    seconds: float,
    stage: Callable[[str], None],
) -> tuple[Minimized, Exit]:
    smallest: list[Minimized] = []

    def note(smaller: Minimized) -> None:
        smallest[:] = [smaller]
        stage(f"shrinking: {len(smaller.kept):,} of {len(judged.history):,} operations left")

    try:
        found = minimize(
            judged.history,
            judged.model,
            anomaly=anomaly,
            result=judged.result,
            limits=judged.limits,
            engine=judging.engine,
            budget_seconds=seconds,
            on_smaller=note,
        )
    except NothingToShrink as error:
        raise UsageError(f"nothing to shrink in {judged.report.file}: {error}") from error
    except (KeyboardInterrupt, Terminated) as signal:
        if not smallest:
            raise
        return smallest[0], (
            Exit.TERMINATED if isinstance(signal, Terminated) else Exit.INTERRUPTED
        )
    return found, Exit.VALID if found.minimal else Exit.UNDECIDED


def _header(judged: Judged, found: Minimized, format_name: str) -> dict[str, object]:
    """Say where the part comes from, where the format can say it."""
    if format_name != _WITH_HEADER:
        return {}
    named = {"model": judged.model.name} if judged.model.name in MODELS else {}
    origin = {
        "file": judged.report.file,
        "operations": list(found.kept[:_ORIGINS_MAX]),
        "of": len(judged.history),
    }
    return {**found.history.header, **named, "part_of": origin}


def _print(judged: Judged, found: Minimized, output: str, seconds: float) -> None:
    to_stdout = is_stdout(output)
    console = report_console(stderr=to_stdout)
    told = explain_anomaly(judged.history, judged.model, found, judged.result.consistency)
    print_explanation(console, judged.history, told)
    print_line(console, "")
    whole = count_text(len(judged.history), "operation")
    parts = f"{count_text(found.checks, 'part')} judged in {seconds:.2f} s"
    minimal = "1-minimal" if found.minimal else f"perhaps not the smallest: {found.reason}"
    where = "" if to_stdout else f" to {output}"
    print_line(
        console,
        f"wrote {len(found.kept):,} of {whole}{where}; {minimal}; {parts}",
    )
