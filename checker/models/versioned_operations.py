"""The operations of versioned key-value stores, decoded from a history's JSON values.

``docs/reference/models.md`` defines the encoding.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from checker.models.canonical import canonical_json
from checker.models.malformed import malformed, unknown_operation
from checker.operation import Operation, Outcome

__all__ = ["FUNCTIONS", "Observed", "VersionedOperation", "decode"]

FUNCTIONS: Final = ("read", "write", "delete", "cas")
REVISION_MAX: Final = 2**63 - 1
_CAS_VALUES: Final = 2


class Observed(msgspec.Struct, frozen=True):
    """A value that was there, as canonical JSON, and the revision of its write."""

    value: str
    revision: int


class VersionedOperation(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, and answered."""

    key: str
    """The key, as canonical JSON."""
    value: str | None = None
    """What is put there, as canonical JSON; None for a read and a delete."""
    expected: int | None = None
    """The revision that a cas expects there; 0 for a key that is absent, None for no cas."""
    revision: int | None = None
    """The revision that the operation was answered for what it changed."""
    observed: Observed | None = None
    """What it was answered to be there."""

    @property
    def is_refused(self) -> bool:
        """Whether it is a cas that was answered, and changed nothing."""
        return self.expected is not None and self.revision is None


def decode(operation: Operation, model: str) -> VersionedOperation:
    """Decode an operation; whether its answer counts is for its outcome to say.

    Raises:
        MalformedHistory: the values do not have the shape that the model defines.
    """
    if operation.f not in FUNCTIONS:
        raise unknown_operation(model, FUNCTIONS, operation)
    key = canonical_json(operation.key)
    answer = operation.output
    is_answered = operation.outcome is Outcome.OK
    if operation.f == "read":
        observed = _observed(answer, operation) if is_answered and answer is not None else None
        return VersionedOperation(key=key, observed=observed)
    if operation.f == "delete":
        revision = None if answer is None else _revision(answer, operation)
        return VersionedOperation(key=key, revision=revision)
    if operation.f == "write":
        revision = _revision(answer, operation) if is_answered else None
        return VersionedOperation(key=key, value=canonical_json(operation.value), revision=revision)
    return _cas(operation, key, is_answered=is_answered)


def _cas(operation: Operation, key: str, *, is_answered: bool) -> VersionedOperation:
    value, answer = operation.value, operation.output
    if not isinstance(value, list | tuple) or len(value) != _CAS_VALUES:
        raise malformed("the value of a cas is [the revision it expects, the new value]", operation)
    expected = _whole(value[0], "the revision that a cas expects", operation)
    new = canonical_json(value[1])
    if not is_answered or answer is False:
        return VersionedOperation(key=key, value=new, expected=expected)
    if isinstance(answer, dict):
        observed = _observed(answer, operation)
        return VersionedOperation(key=key, value=new, expected=expected, observed=observed)
    revision = _revision(answer, operation)
    return VersionedOperation(key=key, value=new, expected=expected, revision=revision)


def _observed(answer: Any, operation: Operation) -> Observed:
    if not isinstance(answer, dict) or not {"value", "revision"} <= answer.keys():
        raise malformed('what is there is null or {"value": ..., "revision": ...}', operation)
    return Observed(
        canonical_json(answer["value"]), _whole(answer["revision"], "a revision", operation)
    )


def _revision(answer: Any, operation: Operation) -> int:
    return _whole(answer, f"the answer of a {operation.f}", operation)


def _whole(value: Any, what: str, operation: Operation) -> int:
    if type(value) is int and -REVISION_MAX <= value <= REVISION_MAX:
        return value
    raise malformed(f"{what} is a whole number of 64 bits", operation)
