"""Registers that transactions read and write, as in Elle's rw-register workload."""

from __future__ import annotations

from checker.models.accesses import READ, Token, accesses_of
from checker.models.transactional import TransactionModel
from checker.operation import Operation, Outcome

__all__ = ["RwRegister"]

Registers = frozenset[tuple[Token, Token]]


class RwRegister(TransactionModel[Registers]):
    """Transactions on registers, at first null: ``["w", k, v]``, ``["r", k, v]``.

    Each value is written to a register at most once.
    """

    name = "rw-register"

    def init(self) -> Registers:
        """Return no registers."""
        return frozenset()

    def step(self, state: Registers, operation: Operation) -> Registers | None:
        """Do what the transaction did, one after the other."""
        registers = dict(state)
        for f, key, value in accesses_of(operation, "w", self.name):
            if f != READ:
                registers[key] = value
            elif operation.outcome is Outcome.OK and registers.get(key) != value:
                return None
        return frozenset(registers.items())

    def changes(self, operation: Operation) -> bool:
        """A transaction that writes changes the registers."""
        return any(one.f != READ for one in accesses_of(operation, "w", self.name))
