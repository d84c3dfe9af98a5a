"""The monitor of sets: element by element, or by the chain of full reads.

What ties elements together is a read of the whole set. Where there is none, each element is an
object of two states (`judge_elements`). Where nothing is removed and nothing else is asked, the
reads form a chain (`judge_chain`). Full reads beside removals or answers about single elements are
left to the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from checker.models.canonical import canonical_json
from checker.models.describe import name_operation, shorten
from checker.models.sets import Set
from checker.monitors.elements import Element, judge_elements
from checker.monitors.grow_only_set import judge_chain
from checker.monitors.outcome import MonitorOutcome
from checker.monitors.violation import outcome, sentence
from checker.operation import Operation, Outcome

__all__ = ["explain", "judge_set"]

ALGORITHM: Final = "set order"
TIED: Final = "reads of the whole set tie its elements together"


def judge_set(model: Set, operations: Sequence[Operation]) -> MonitorOutcome:
    """Judge one set.

    Raises:
        MalformedHistory: an operation is none of the model's, or its answer has no meaning.
    """
    elements: dict[str, Element] = {}
    reads: list[tuple[Operation, list[str]]] = []
    for operation in operations:
        if operation.outcome is not Outcome.FAIL and model.function(operation) == "read":
            if operation.outcome is Outcome.OK:
                reads.append((operation, model.elements(operation)))
        elif operation.outcome is not Outcome.FAIL or operation.f == "add":
            element = elements.setdefault(canonical_json(operation.value), Element())
            _enter(model, element, operation)
    if not reads:
        return outcome(ALGORITHM, judge_elements(elements), explain)
    if not all(_only_adds(element) for element in elements.values()):
        return MonitorOutcome(algorithm=ALGORITHM, undecided=TIED)
    adds = {name: element.adds for name, element in elements.items() if element.adds}
    failed = {name: each.failed for name, each in elements.items() if each.failed is not None}
    return outcome(ALGORITHM, judge_chain(adds, reads, failed), explain)


def _enter(model: Set, element: Element, operation: Operation) -> None:
    if operation.outcome is Outcome.FAIL:
        element.failed = element.failed or operation
        return
    if operation.outcome is Outcome.INFO:
        if model.changes(operation):
            (element.added if operation.f == "add" else element.removed).append(operation)
        return
    answer = model.answer(operation)
    if operation.f == "add":
        by_answer = {True: element.added, False: element.seen, None: element.unanswered_adds}
    elif operation.f == "remove":
        by_answer = {True: element.removed, False: element.missed, None: element.unanswered_removes}
    else:
        by_answer = {True: element.seen, False: element.missed}
    by_answer[answer].append(operation)


def _only_adds(element: Element) -> bool:
    """Whether an element is only added, and only once if an add was told that it was new."""
    told = any(add.outcome is Outcome.OK for add in element.added)
    looks = element.removed or element.unanswered_removes or element.seen or element.missed
    return not looks and (len(element.adds) == 1 or not told)


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say what is wrong in one sentence, from an anomaly's operations."""
    first, last = operations[0], operations[-1]
    if anomaly == "non-linearizable":
        words = (
            f"no order of what was done to {shorten(first.value)} alone explains "
            f"{name_operation(first)}"
        )
    elif anomaly == "incomparable-reads":
        words = _explain_incomparable(first, last)
    elif anomaly == "thin-air":
        what = "an element that" if first.f == "read" else f"{shorten(first.value)}, which"
        words = f"{name_operation(first)} {_showed(first)} {what} nobody added"
    elif anomaly == "aborted-read":
        words = (
            f"{name_operation(last)} {_showed(last)} {shorten(first.value)}, whose only add, "
            f"{name_operation(first)}, failed"
        )
    elif anomaly == "future-read":
        words = (
            f"{name_operation(first)} {_showed(first)} {shorten(last.value)} before its first add, "
            f"{name_operation(last)}, began"
        )
    elif anomaly == "duplicate-element":
        words = (
            f"{name_operation(last)} shows {shorten(first.value)} twice, which "
            f"{name_operation(first)} added"
        )
    elif last.f == "read":
        words = _explain_missing(anomaly, operations)
    else:
        words = _explain_element(anomaly, operations)
    return sentence(words)


def _showed(operation: Operation) -> str:
    return {"read": "shows", "remove": "removed", "add": "found there"}.get(operation.f, "found")


def _explain_incomparable(first: Operation, last: Operation) -> str:
    only_first, only_last = _difference(first, last), _difference(last, first)
    return (
        f"{name_operation(first)} shows {only_first} and not {only_last}, "
        f"{name_operation(last)} shows {only_last} and not {only_first}: "
        "no order of adds explains both"
    )


def _explain_missing(anomaly: str, operations: Sequence[Operation]) -> str:
    first, *between, last = operations
    if first.f == "read":
        return (
            f"{name_operation(last)} lacks {_difference(first, last)}, which "
            f"{name_operation(first)} had shown before it began"
        )
    later = "" if anomaly != "lost-element" else ", and no read ever shows it"
    if not between:
        return (
            f"{name_operation(first)} had added {shorten(first.value)} before "
            f"{name_operation(last)} began, which lacks it{later}"
        )
    return (
        f"{name_operation(first)} had added {shorten(first.value)} before "
        f"{name_operation(between[0])} began to add {shorten(between[0].value)}, but "
        f"{name_operation(last)} shows the latter without the former{later}"
    )


def _explain_element(anomaly: str, operations: Sequence[Operation]) -> str:
    first, *between, last = operations
    element = shorten(first.value)
    proof = "".join(f" (as {name_operation(operation)} proves)" for operation in between)
    if anomaly == "duplicate-add":
        verb = "added" if first.f == "add" and first.output is not False else "found"
        return (
            f"{name_operation(last)} added {element} and was told that it was new, but "
            f"{name_operation(first)} {verb} it before{proof}, and no remove can have come in "
            "between"
        )
    if anomaly == "lost-element":
        return (
            f"{name_operation(last)} did not find {element}, but {name_operation(first)} had "
            f"added it{proof}, and no remove can have come in between"
        )
    found = "removed" if anomaly == "double-remove" else "found"
    return (
        f"{name_operation(last)} {found} {element}, but {name_operation(first)} had removed it"
        f"{proof}, and no add can have come in between"
    )


def _difference(one: Operation, other: Operation) -> str:
    """Name an element that one read shows and another does not."""
    lacks = {canonical_json(element) for element in other.output}
    return next(
        (shorten(element) for element in one.output if canonical_json(element) not in lacks), "it"
    )
