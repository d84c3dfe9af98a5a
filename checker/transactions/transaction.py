"""The transactions of a history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from checker.models.accesses import READ, Access, Token, accesses_of, plain
from checker.operation import Operation, Outcome

__all__ = ["READ", "Access", "Token", "Transaction", "in_order", "plain", "transactions_of"]


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """One operation of a history as a transaction; ranks are those of `Operation`."""

    operation: int
    process: int | str
    accesses: tuple[Access, ...]
    outcome: Outcome
    invoked: int
    completed: int | None


def transactions_of(operations: Iterable[Operation], writes: str, model: str) -> list[Transaction]:
    """Read each operation as a transaction.

    Args:
        operations: All operations of the history, in order of invocation.
        writes: The micro-operation that writes: ``append``, whose reads are lists, or ``w``.
        model: The model's name, for errors.

    Raises:
        MalformedHistory: An operation is no transaction of this kind.
    """
    return [
        Transaction(
            operation.index,
            operation.process,
            accesses_of(operation, writes, model),
            operation.outcome,
            operation.invoked,
            operation.completed,
        )
        for operation in operations
    ]


def in_order(transactions: Sequence[Transaction]) -> dict[int | str, list[int]]:
    """Return the places of each process's transactions, in the order in which it ran them."""
    sessions: dict[int | str, list[int]] = {}
    for place, transaction in enumerate(transactions):
        sessions.setdefault(transaction.process, []).append(place)
    return sessions
