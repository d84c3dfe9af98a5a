"""Random histories of one log: few or many unanswered appends, equal values, lies now and then."""

from __future__ import annotations

from random import Random

from checker import Outcome
from checker.models.log import EMPTY, chain
from tests.support.drafts import Draft

__all__ = ["log_drafts"]


def log_drafts(
    random: Random,
    *,
    operations: int,
    values: int = 1000,
    reads: float = 0.5,
    unknown: float = 0.2,
    lies: float = 0.1,
    length: float = 4.0,
) -> list[Draft]:
    """Operations that each took effect once, at a random moment; some answers are then spoiled."""
    drafts = []
    for place in range(operations):
        invoked = place + random.uniform(-1.5, 1.5)
        drafts.append(
            Draft(
                "read" if random.random() < reads else "append",
                outcome=Outcome.OK,
                invoked=invoked,
                completed=invoked + random.uniform(0.1, length),
            )
        )
    moments = {id(draft): random.uniform(draft.invoked, draft.completed or 0) for draft in drafts}
    prefixes = [EMPTY]
    for draft in sorted(drafts, key=lambda draft: moments[id(draft)]):
        lie = random.random() < lies
        if draft.f == "read":
            told = len(prefixes) - 1 + (random.choice((-1, 0, 1)) if lie else 0)
            mixed = prefixes[min(max(told, 0), len(prefixes) - 1)]
            if lie and random.random() < 0.3:
                mixed = random.choice([*prefixes, mixed ^ 1])
            draft.output = {"len": told, "hash": f"{mixed:016x}"}
        else:
            draft.value = random.randrange(-values // 2, values // 2 + 1)
            lost = random.random() < unknown
            if not lost or random.random() < 0.6:
                prefixes.append(chain(prefixes[-1], draft.value))
            draft.output = len(prefixes) - 1 + (random.choice((-1, 1)) if lie else 0)
            if lost:
                draft.outcome, draft.completed = Outcome.INFO, None
    return drafts
