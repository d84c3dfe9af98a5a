"""What a violation of a versioned store is called in words, from its operations alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from checker.models.describe import name_operation, shorten
from checker.monitors.violation import sentence
from checker.operation import Operation, Outcome

__all__ = ["explain"]


def explain(anomaly: str, operations: Sequence[Operation]) -> str:
    """Say in one sentence what the operations of a violation show together."""
    return sentence(_WORDS[anomaly](*operations))


def _claim(operation: Operation) -> str:
    """What an operation says of the store."""
    return f"{name_operation(operation)} {_deed(operation)}{_at(operation)}"


def _deed(operation: Operation) -> str:
    answer = operation.output
    if operation.outcome is not Outcome.OK:
        how = "failed" if operation.outcome is Outcome.FAIL else "was not answered"
        return f"({operation.f} {shorten(operation.value)}, which {how})"
    if isinstance(answer, dict):
        found = f"{shorten(answer.get('value'))} at revision {shorten(answer.get('revision'))}"
        return f"found {found}"
    if answer is None:
        return "found nothing"
    if operation.f == "cas" and answer is False:
        return f"was refused because it expected revision {shorten(operation.value[0])}"
    if operation.f == "delete":
        return f"deleted with revision {shorten(answer)}"
    new = operation.value[1] if operation.f == "cas" else operation.value
    expecting = f", expecting {shorten(operation.value[0])}," if operation.f == "cas" else ""
    return f"wrote {shorten(new)}{expecting} with revision {shorten(answer)}"


def _at(operation: Operation) -> str:
    return "" if operation.key is None else f" (key {shorten(operation.key)})"


def _no_state(wrong: Operation, *before: Operation) -> str:
    after = "".join(f"; the change before it: {_claim(operation)}" for operation in before)
    return f"{_claim(wrong)}, which nothing that can have been there allows{after}"


def _overlap(one: Operation, other: Operation) -> str:
    return f"{_claim(one)}, and {_claim(other)}: two changes cannot have one revision"


def _divergent(one: Operation, other: Operation) -> str:
    return f"{_claim(one)}, but {_claim(other)}: the same revision, and something else"


def _duplicate(one: Operation, other: Operation) -> str:
    return f"{_claim(one)}, and {_claim(other)}, but it was written only once"


def _version_mismatch(reader: Operation, write: Operation) -> str:
    return f"{_claim(reader)}, but {_claim(write)}: the revisions of one write disagree"


def _aborted_read(reader: Operation, failed: Operation) -> str:
    return f"{_claim(reader)}, but its write, {_claim(failed)}, certainly had no effect"


def _thin_air(reader: Operation) -> str:
    return f"{_claim(reader)}, but no operation wrote that"


def _expected_violated(cas: Operation, *before: Operation) -> str:
    found = " and ".join(map(_claim, before)) or "nothing was there"
    return f"{_claim(cas)}, but that is not what was there before it: {found}"


def _unjustified_conflict(refused: Operation, *before: Operation) -> str:
    if not before:
        return f"{_claim(refused)}, but that is what it expected"
    return f"{_stale(refused, *before)}: what it expected was there"


def _future_read(*operations: Operation) -> str:
    *early, late = operations
    known = ", and ".join(map(_claim, early))
    return f"{known}, and only then did what makes it so begin: {_claim(late)}"


def _stale(late: Operation, *early: Operation) -> str:
    known = ", and ".join(map(_claim, early)) or "what came before it was later"
    return f"{_claim(late)}, but before it began {known}"


_WORDS: Final[Mapping[str, Callable[..., str]]] = MappingProxyType(
    {
        "no-state": _no_state,
        "overlap": _overlap,
        "divergent": _divergent,
        "duplicate": _duplicate,
        "version-mismatch": _version_mismatch,
        "aborted-read": _aborted_read,
        "thin-air": _thin_air,
        "expected-violated": _expected_violated,
        "unjustified-conflict": _unjustified_conflict,
        "future-read": _future_read,
        "stale-read": _stale,
        "stale-write": _stale,
    }
)
