"""Random histories of one register: every outcome, few values, so that about half are possible."""

from __future__ import annotations

from random import Random

from checker import Outcome
from tests.support.drafts import Draft

__all__ = ["register_drafts"]


def register_drafts(
    random: Random, *, operations: int, values: int = 2, unknown: float = 0.2, length: float = 4.0
) -> list[Draft]:
    """Operations that each took effect once, at a random moment; some answers are then spoiled."""
    drafts = [_draft(random, place, values, length) for place in range(operations)]
    moments = {id(draft): _moment(random, draft) for draft in drafts}
    state = None
    for draft in sorted(drafts, key=lambda draft: moments[id(draft)]):
        lost = random.random() < unknown
        happens = not lost or random.random() < 0.5
        if draft.f == "read":
            draft.output = state
        elif draft.f == "write":
            state = draft.value if happens else state
        elif draft.value[0] == state:
            state = draft.value[1] if happens else state
        else:
            draft.outcome = Outcome.FAIL
        if lost:
            draft.outcome, draft.completed = Outcome.INFO, None
    for draft in drafts:
        if draft.f == "read" and random.random() < 0.12:
            draft.output = random.choice([None, *range(values)])
    return drafts


def _draft(random: Random, place: int, values: int, length: float) -> Draft:
    f = random.choice(["read", "read", "write", "cas"])
    value = {
        "read": None,
        "write": random.randrange(values),
        "cas": [random.choice([None, *range(values)]), random.randrange(values)],
    }[f]
    invoked = place + random.uniform(-1.5, 1.5)
    return Draft(
        f,
        value=value,
        outcome=Outcome.OK,
        invoked=invoked,
        completed=invoked + random.uniform(0.1, length),
    )


def _moment(random: Random, draft: Draft) -> float:
    completed = draft.invoked if draft.completed is None else draft.completed
    return random.uniform(draft.invoked, completed)
