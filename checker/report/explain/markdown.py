"""Explanations as Markdown, for an issue or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checker.history.history import History
from checker.history.recorded import RecordedHistory
from checker.report.anomaly_definitions import AnomalyDefinition
from checker.report.explain.evidence import STEPS_MAX, Explanation
from checker.report.explain.lanes import lanes
from checker.report.wording import count_text, printable, value_text

__all__ = ["markdown", "markdown_definitions"]


def markdown(history: History | RecordedHistory, told: Explanation) -> str:
    """Return one explanation as a section."""
    return "\n".join(_lines(history, told)) + "\n"


def markdown_definitions(definitions: Sequence[AnomalyDefinition]) -> str:
    """Return what a name means, for each family of models that has it."""
    lines = []
    for definition in definitions:
        of = f" ({', '.join(map(_code, definition.models))})" if definition.models else ""
        cause = f" Usually: {_escaped(definition.cause)}." if definition.cause else ""
        lines.append(f"**{_code(definition.name)}**, {_escaped(definition.subject)}{of}: ")
        lines.append(f"{_escaped(definition.observed)}.{cause}\n")
    return "\n".join(lines)


def _lines(history: History | RecordedHistory, told: Explanation) -> Iterator[str]:
    where = "" if told.key is None else f" of key {_code(value_text(told.key))}"
    yield f"## {_code(told.anomaly)}{where}"
    yield ""
    yield _escaped(told.sentence)
    for definition in told.definitions[:1]:
        yield ""
        yield f"> {_escaped(definition.observed)}."
    if told.cycle:
        yield ""
    for edge in told.cycle:
        kind = f"{edge.source} -{edge.kind}-> {edge.target}"
        yield f"- {_code(kind)}: {_escaped(edge.evidence)}"
    yield ""
    words = count_text(len(told.operations), "operation")
    yield f"{words}; without any one of them it would not fail so:" if told.minimal else f"{words}:"
    yield ""
    operations = [history.operations[index] for index in told.operations[:STEPS_MAX]]
    keyed = len({value_text(operation.key) for operation in operations}) > 1
    drawn = lanes(operations, keyed=keyed)
    yield _row([lane.process for lane in drawn])
    yield _row(["---"] * len(drawn))
    for cells in zip(*(lane.cells for lane in drawn), strict=True):
        yield _row([_code(cell) if cell else "" for cell in cells])
    yield ""
    if told.longest_order:
        yield f"The longest legal order of them, from the state {_code(told.initial)}:"
        yield ""
        for number, step in enumerate(told.longest_order, start=1):
            yield f"{number}. {_code(step.does)}, then the state is {_code(step.state)}"
        yield ""
    if told.blocked is not None:
        yield f"No order reaches operation {told.blocked}."
    if told.legal_answers:
        yield f"Legal would have been: {' or '.join(map(_code, told.legal_answers))}."


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _code(text: str) -> str:
    """Write text as code; what would end it, or a table's cell, is replaced."""
    return f"`{printable(text).replace('`', chr(0x2B9)).replace('|', chr(0x2223))}`"


def _escaped(text: str) -> str:
    return "".join(f"\\{one}" if one in "\\`*_{}[]<>#|!" else one for one in printable(text))
