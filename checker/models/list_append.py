"""Lists that transactions append to and read as a whole, as in Elle's list-append workload."""

from __future__ import annotations

from checker.models.accesses import READ, Token, accesses_of
from checker.models.transactional import TransactionModel
from checker.operation import Operation

__all__ = ["ListAppend"]

Lists = frozenset[tuple[Token, tuple[Token, ...]]]


class ListAppend(TransactionModel[Lists]):
    """Transactions on lists, at first empty: ``["append", k, v]``, ``["r", k, list]``.

    Each element is appended to a list at most once.
    """

    name = "list-append"

    def init(self) -> Lists:
        """Return no lists."""
        return frozenset()

    def step(self, state: Lists, operation: Operation) -> Lists | None:
        """Do what the transaction did, one after the other."""
        lists = dict(state)
        for f, key, value in accesses_of(operation, "append", self.name):
            if f != READ:
                lists[key] = (*lists.get(key, ()), value)
            elif value is not None and lists.get(key, ()) != value:
                return None
        return frozenset(lists.items())

    def changes(self, operation: Operation) -> bool:
        """A transaction that appends changes the lists."""
        return any(one.f != READ for one in accesses_of(operation, "append", self.name))
