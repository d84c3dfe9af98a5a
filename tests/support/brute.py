"""The oracle of the oracle: try every order of every choice of optional operations."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations
from typing import Any

from checker.engine.replay import replay
from checker.models.model import Model, required_and_optional
from checker.operation import Operation

__all__ = ["linearizable_by_brute_force"]


def linearizable_by_brute_force(model: Model[Any], operations: Sequence[Operation]) -> bool:
    """Decide by replaying all permutations; for histories of six operations or so."""
    required, optional = required_and_optional(model, operations)
    always = [operation.index for operation in required]
    for count in range(len(optional) + 1):
        for chosen in combinations([operation.index for operation in optional], count):
            if any(not replay(model, operations, p) for p in permutations(always + list(chosen))):
                return True
    return False
