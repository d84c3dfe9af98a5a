"""Accounts between which money is moved: it is neither made nor lost, whoever looks."""

from __future__ import annotations

from typing import Any

from checker.models.malformed import malformed, unknown_operation
from checker.models.transactional import TransactionModel
from checker.operation import Operation, Outcome

__all__ = ["Bank"]


class Bank(TransactionModel[tuple[()]]):
    """Accounts: ``transfer`` (value: from, to, amount), ``read`` (output: every balance).

    Args:
        total: What all balances are together; None is what most reads say.
        negative: Whether a balance may be below zero.
    """

    name = "bank"
    default_consistency = "snapshot-isolation"
    functions = ("read", "transfer")

    def __init__(self, *, total: int | None = None, negative: bool = False) -> None:
        if total is not None and type(total) is not int:
            raise TypeError(f"total is a whole number, not {total!r}")
        self.total = total
        self.negative = negative

    def init(self) -> tuple[()]:
        """Return nothing: what the balances are at first is not known."""
        return ()

    def step(self, state: tuple[()], operation: Operation) -> tuple[()] | None:
        """Say whether a read adds up."""
        if operation.f == "read" and operation.outcome is Outcome.OK and self.total is not None:
            balances = self.balances(operation)
            return state if sum(map(_amount, balances.values())) == self.total else None
        return state

    def changes(self, operation: Operation) -> bool:
        """Nothing that a read would tell of for certain."""
        self.balances(operation)
        return False

    def balances(self, operation: Operation) -> dict[str, Any]:
        """Return the balances that an OK read was answered; none for any other operation.

        Raises:
            MalformedHistory: The model has no such operation, or it was not answered balances.
        """
        if operation.f not in self.functions:
            raise unknown_operation(self.name, self.functions, operation)
        if operation.f != "read" or operation.outcome is not Outcome.OK:
            return {}
        balances = operation.output
        if not isinstance(balances, dict):
            raise malformed("the answer of a read is an object of accounts and balances", operation)
        for account, balance in balances.items():
            if balance is not None and type(balance) is not int:
                raise malformed(f"the balance of {account} is no whole number", operation)
        return balances


def _amount(balance: int | None) -> int:
    return balance or 0
