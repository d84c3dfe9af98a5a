"""What the models of transactions have in common: operations that touch several keys at once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

from checker.models.model import Model, Partition
from checker.operation import Operation

__all__ = ["TransactionModel"]

StateT = TypeVar("StateT", bound=Hashable)


class TransactionModel(Model[StateT], Generic[StateT]):
    """A model whose histories are judged by levels of isolation (`checker.transactions`).

    What it says step by step is the serial behaviour: strict serializability is linearizability of
    transactions, all keys together being one object.
    """

    default_consistency = "strict-serializable"
    """The level by which it is judged if nothing else is asked for."""

    def partition(self, operations: Sequence[Operation]) -> list[Partition]:
        """Return all operations as one part: a transaction may touch any keys."""
        return [Partition(key=None, operations=tuple(operations), model=self)]
