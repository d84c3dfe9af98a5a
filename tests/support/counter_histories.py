"""Random histories of one counter: equal steps or not, of unknown outcome, a lie now and then."""

from __future__ import annotations

from random import Random

from checker import Outcome
from tests.support.drafts import Draft

__all__ = ["counter_drafts"]


def counter_drafts(
    random: Random,
    *,
    operations: int,
    steps: tuple[int, ...] = (1,),
    reads: float = 0.5,
    unknown: float = 0.15,
    lies: float = 0.1,
    length: float = 4.0,
) -> list[Draft]:
    """Operations that each took effect once, at a random moment; some reads are then spoiled."""
    drafts = []
    for place in range(operations):
        invoked = place + random.uniform(-1.5, 1.5)
        drafts.append(
            Draft(
                "read" if random.random() < reads else "add",
                value=random.choice(steps),
                outcome=Outcome.OK,
                invoked=invoked,
                completed=invoked + random.uniform(0.1, length),
            )
        )
    moments = {id(draft): random.uniform(draft.invoked, draft.completed or 0) for draft in drafts}
    total = 0
    for draft in sorted(drafts, key=lambda draft: moments[id(draft)]):
        lost = random.random() < unknown
        if draft.f == "read":
            draft.value = None
            lie = random.choice((-1, 1, *steps)) if random.random() < lies else 0
            draft.output = total + lie
        elif not lost or random.random() < 0.5:
            total += draft.value
        if lost:
            draft.outcome, draft.completed = Outcome.INFO, None
    return drafts
