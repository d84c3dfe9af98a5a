"""`checker explain`: why a history is in violation, or what the name of an anomaly means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from checker.cli.console import report_console
from checker.cli.exits import Exit
from checker.cli.json_output import print_json
from checker.cli.judge import exit_of
from checker.cli.one_history import AS_VERIFY, Judged, Judging, NotJudged, judge_one
from checker.cli.options import parsed
from checker.cli.output import write_stdout
from checker.cli.progress import progress
from checker.cli.quantities import parse_seconds
from checker.cli.usage import UsageError
from checker.minimize import minimize
from checker.models.canonical import canonical_json
from checker.models.describe import describe
from checker.report.anomaly_definitions import AnomalyDefinition, anomaly_definitions, definition_of
from checker.report.explain import Explanation, explain_anomaly
from checker.report.explain.markdown import markdown, markdown_definitions
from checker.report.explain.text import print_definitions, print_explanation
from checker.report.terminal import print_line
from checker.report.wording import count_text, value_text
from checker.verdict import Anomaly, PartitionResult, Verdict

__all__ = ["explain"]

ExplanationFormat = Literal["text", "markdown", "json"]

_BUDGET: Final = "10s"
_SHOWN: Final = 3


def explain(
    file: str | None = None,
    /,
    *,
    op: int | None = None,
    key: str | None = None,
    rule: str | None = None,
    format: ExplanationFormat = "text",  # noqa: A002 - it is what the option is called
    limit: int = _SHOWN,
    budget: str = _BUDGET,
    judging: Judging = AS_VERIFY,
) -> int:
    """Explain why a history is in violation, or what the name of an anomaly means.

    Exit code: as of `checker verify`; with --rule alone, 0.

    Args:
        file: A history file, gzipped or not; - is standard input.
        op: Explain only what this operation is part of; its index is that of verify's tables.
        key: Explain only this key, given as JSON or as plain text.
        rule: The name of an anomaly: print what it means.
        format: How to print it.
        limit: How many anomalies to explain at most.
        budget: How long to look for the smallest part of each that fails: 500ms, 10s, 1m.
        judging: How it is read and judged.
    """
    if rule is not None:
        return _explain_rule(rule, format)
    if file is None:
        raise UsageError("name a history file, or an anomaly with --rule")
    seconds = parsed("--budget", budget, parse_seconds)
    with progress() as stage:
        try:
            judged = judge_one(file, judging, stage)
        except NotJudged as reason:
            return reason.code
        if op is not None and not 0 <= op < len(judged.history):
            raise UsageError(f"--op: there are operations 0 to {len(judged.history) - 1}, no {op}")
        parts = _parts_of(judged, op, key)
        found = [(part, one) for part in parts for one in part.anomalies if _has(one, op)]
        stage(f"explaining {count_text(min(limit, len(found)), 'anomaly', 'anomalies')}")
        told = [_explanation(judged, part, one, seconds) for part, one in found[:limit]]
    _print(judged, told, parts, op=op, format_name=format, rest=len(found) - len(told))
    return exit_of(judged.report)


def _explain_rule(name: str, format_name: ExplanationFormat) -> int:
    definitions = definition_of(name)
    if not definitions:
        known = ", ".join(sorted({one.name for one in anomaly_definitions()}, key=str.lower))
        raise UsageError(f"--rule: no anomaly is called {name!r}; there are {known}")
    _print_rule(definitions, format_name)
    return Exit.VALID


def _print_rule(definitions: Sequence[AnomalyDefinition], format_name: ExplanationFormat) -> None:
    if format_name == "json":
        print_json(definitions)
    elif format_name == "markdown":
        write_stdout(markdown_definitions(definitions).encode())
    else:
        print_definitions(report_console(), definitions)


def _parts_of(judged: Judged, op: int | None, key: str | None) -> list[PartitionResult]:
    parts = list(judged.result.partitions)
    if key is not None:
        wanted = {canonical_json(key), canonical_json(_as_json(key))}
        parts = [part for part in parts if canonical_json(part.key) in wanted]
        if not parts:
            raise UsageError(f"--key: the history has no key {key!r}")
    if op is not None:
        own = canonical_json(judged.history.operations[op].key)
        # What is judged as a whole has operations of every key.
        parts = [part for part in parts if part.key is None or canonical_json(part.key) == own]
    return parts


def _as_json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _has(anomaly: Anomaly, op: int | None) -> bool:
    return op is None or op in anomaly.operations


def _explanation(
    judged: Judged, part: PartitionResult, anomaly: Anomaly, seconds: float
) -> Explanation:
    one = msgspec.structs.replace(part, anomalies=(anomaly,))
    result = msgspec.structs.replace(judged.result, verdict=Verdict.INVALID, partitions=(one,))
    smallest = minimize(
        judged.history,
        judged.model,
        result=result,
        limits=judged.limits,
        budget_seconds=seconds,
    )
    return explain_anomaly(judged.history, judged.model, smallest, judged.result.consistency)


def _print(
    judged: Judged,
    told: Sequence[Explanation],
    parts: Sequence[PartitionResult],
    *,
    op: int | None,
    format_name: ExplanationFormat,
    rest: int,
) -> None:
    if format_name == "json":
        print_json({"file": judged.report.file, "explanations": told, "more": rest})
        return
    if format_name == "markdown":
        sections = "\n".join(markdown(judged.history, one) for one in told)
        write_stdout((sections or f"{_nothing(judged, parts, op)}\n").encode())
        return
    console = report_console()
    for number, one in enumerate(told):
        if number:
            print_line(console, "")
        print_explanation(console, judged.history, one)
    if not told:
        print_line(console, _nothing(judged, parts, op))
    if rest > 0:
        more = count_text(rest, "more anomaly", "more anomalies")
        print_line(console, f"... and {more}; --limit, --key and --op show them", style="dim")


def _nothing(judged: Judged, parts: Sequence[PartitionResult], op: int | None) -> str:
    """Say why there is nothing to explain."""
    file = judged.report.file
    undecided = next((part.reason for part in parts if part.reason), "")
    if undecided:
        return f"{file}: undecided: {undecided}"
    if op is None:
        return f"{file}: no violation is found in what you ask about"
    operation = judged.history.operations[op]
    line = f"{file}: operation [{describe(operation)}] is part of no violation that was found"
    part = next((one for one in parts if one.witness and op in one.witness), None)
    if part is None or part.witness is None:
        return line
    place = list(part.witness).index(op)
    where = "" if part.key is None else f" of key {value_text(part.key)}"
    before = "first"
    if place:
        before = f"after [{describe(judged.history.operations[part.witness[place - 1]])}]"
    return (
        f"{line}; in a legal order{where} it is number {place + 1} of {len(part.witness)}, {before}"
    )
