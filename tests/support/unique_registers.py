"""Random histories of one register that writes each value once."""

from __future__ import annotations

from random import Random

from checker import Outcome
from tests.support.drafts import Draft
from tests.support.register_histories import register_drafts

__all__ = ["unique_register_drafts"]


def unique_register_drafts(random: Random, *, operations: int, cas: bool) -> list[Draft]:
    """Like `register_drafts`, but each write and cas has a value of its own, and some lie."""
    drafts = register_drafts(random, operations=operations, length=random.choice([1.5, 4.0, 9.0]))
    if not cas:
        drafts = [draft for draft in drafts if draft.f != "cas"]
    drafts.sort(key=lambda draft: draft.invoked + random.uniform(0, 3))
    state = None
    for number, draft in enumerate(drafts, start=1):
        lost = draft.outcome is Outcome.INFO
        happens = not lost or random.random() < 0.5
        if draft.f == "write":
            draft.value = number
            draft.outcome = random.choice([draft.outcome] * 9 + [Outcome.FAIL])
            state = number if happens and draft.outcome is not Outcome.FAIL else state
        elif draft.f == "cas":
            draft.value = [state, number]
            draft.outcome = Outcome.INFO if lost else Outcome.OK
            state = number if happens else state
        else:
            draft.output = state
        if random.random() < 0.08:
            other = random.choice([None, *range(len(drafts) + 1)])
            if draft.f == "read":
                draft.output = other
            elif draft.f == "cas":
                draft.value = [other, number]
        if draft.outcome is Outcome.FAIL and draft.completed is None:
            draft.completed = draft.invoked + 1.0
    return drafts
