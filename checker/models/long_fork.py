"""Keys that are written once each, and read in groups: reads must agree on what came first."""

from __future__ import annotations

from checker.models.accesses import READ, Access, Token, accesses_of
from checker.models.malformed import malformed
from checker.models.transactional import TransactionModel
from checker.operation import Operation, Outcome

__all__ = ["LongFork"]

Written = frozenset[tuple[Token, Token]]


class LongFork(TransactionModel[Written]):
    """Groups of keys: ``[["w", k, v]]`` of one key, ``[["r", k, v], ...]`` of all keys of a group.

    Args:
        group_size: How many keys a read reads; None is as many as the largest read.
    """

    name = "long-fork"
    default_consistency = "snapshot-isolation"

    def __init__(self, *, group_size: int | None = None) -> None:
        if group_size is not None and (type(group_size) is not int or group_size < 1):
            raise TypeError(f"group_size is a whole number above 0, not {group_size!r}")
        self.group_size = group_size

    def init(self) -> Written:
        """Return that nothing is written."""
        return frozenset()

    def step(self, state: Written, operation: Operation) -> Written | None:
        """Write keys, or read them."""
        registers = dict(state)
        for f, key, value in self.accesses(operation):
            if f != READ:
                registers[key] = value
            elif operation.outcome is Outcome.OK and registers.get(key) != value:
                return None
        return frozenset(registers.items())

    def changes(self, operation: Operation) -> bool:
        """Only a write changes anything."""
        return any(one.f != READ for one in self.accesses(operation))

    def accesses(self, operation: Operation) -> tuple[Access, ...]:
        """Return what an operation read or wrote.

        Raises:
            MalformedHistory: It is neither one write nor reads alone.
        """
        accesses = accesses_of(operation, "w", self.name)
        reads = sum(one.f == READ for one in accesses)
        if reads not in (0, len(accesses)) or (not reads and len(accesses) > 1):
            raise malformed("a transaction of long-fork is one write, or reads alone", operation)
        if reads and self.group_size is not None and reads != self.group_size:
            raise malformed(f"a read of long-fork reads {self.group_size} keys", operation)
        return accesses
