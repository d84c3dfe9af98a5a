"""Micro-operations of transactions: what one operation read and wrote, step by step.

A transaction's value is a list of ``[f, key, value]``: ``["append", k, v]`` and ``["r", k, list]``
of lists, ``["w", k, v]`` and ``["r", k, v]`` of registers. Notation of Kingsbury and Alvaro,
"Elle: inferring isolation anomalies from experimental observations" (VLDB 14(3), 2020).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Final, NamedTuple

from checker.models.canonical import canonical_json
from checker.models.malformed import malformed
from checker.operation import Operation, Outcome

__all__ = ["READ", "Access", "Token", "accesses_of", "plain", "token"]

READ: Final = "r"
_NAMES: Final = {"r": READ, "read": READ, "w": "w", "write": "w", "append": "append"}

Token = Hashable
"""A key or a value that equals another one exactly if their JSON is the same; None is null."""


class Access(NamedTuple):
    """One micro-operation: ``f`` is ``r``, ``w`` or ``append``.

    The value of a read of a list is a tuple; that of a read whose answer is not known is None.
    """

    f: str
    key: Token
    value: Any


class _Other(NamedTuple):
    """The JSON of a value that is neither a whole number nor text."""

    json: str


_THEMSELVES: Final = frozenset({int, str, type(None)})
"""Types whose values stand for themselves."""


def token(value: Any) -> Token:
    """Return what stands for a JSON value where values are compared: 1, 1.0 and true differ."""
    if type(value) in _THEMSELVES:
        return value  # type: ignore[no-any-return]
    return _Other(canonical_json(value))


def plain(value: Token) -> Any:
    """Return the text or number that a token shows as."""
    return value.json if isinstance(value, _Other) else value


def accesses_of(operation: Operation, writes: str, model: str) -> tuple[Access, ...]:
    """Return an operation's micro-operations: as answered if it is OK, else as asked for.

    Raises:
        MalformedHistory: They are not what the model has.
    """
    done = operation.outcome is Outcome.OK
    value = operation.output if done and operation.output is not None else operation.value
    if not isinstance(value, list | tuple):
        raise malformed(
            f"a transaction of model {model!r} is a list of [{writes!r} or 'r', key, value]",
            operation,
        )
    return tuple(_access(step, operation, writes, model, done=done) for step in value)


def _access(step: Any, operation: Operation, writes: str, model: str, *, done: bool) -> Access:
    match step:
        case [str() as name, key, *rest] if len(rest) <= 1:
            f = _NAMES.get(name)
        case _:
            raise malformed(f"{canonical_json(step)} is not [f, key, value]", operation)
    value = rest[0] if rest else None
    if f == writes:
        if value is None:
            raise malformed(f"{name!r} needs a value, and null is what was there before", operation)
        return Access(f, token(key), token(value))
    if f != READ:
        raise malformed(
            f"model {model!r} has no micro-operation {name!r}: it has {writes!r} and 'r'",
            operation,
        )
    if not done:
        return Access(READ, token(key), None)
    if writes != "append":
        return Access(READ, token(key), token(value))
    if value is not None and not isinstance(value, list | tuple):
        raise malformed(f"a read of model {model!r} is answered by a list", operation)
    return Access(READ, token(key), _tokens(value or ()))


def _tokens(values: Sequence[Any]) -> tuple[Token, ...]:
    if _THEMSELVES.issuperset(map(type, values)):
        return tuple(values)
    return tuple(map(token, values))
