"""Operations still to be arranged: what random generators make, mutate and turn into a history."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterable
from random import Random
from typing import Any

from checker import History, Operation, Outcome

__all__ = ["Draft", "arrange", "drafts_of", "perturb_times", "widen"]


@dataclasses.dataclass
class Draft:
    """An operation with its endpoints anywhere on the real line."""

    f: str
    key: Any = None
    value: Any = None
    output: Any = None
    error: Any = None
    outcome: Outcome = Outcome.INFO
    invoked: float = 0.0
    completed: float | None = None
    process: int | None = None
    """Whose it is; by default it has a process of its own."""

    def copy(self) -> Draft:
        return copy.deepcopy(self)


def arrange(drafts: Iterable[Draft]) -> History:
    """Rank the endpoints and name the processes."""
    ordered = sorted(drafts, key=lambda draft: draft.invoked)
    ends = [(draft.invoked, place, "invoked") for place, draft in enumerate(ordered)]
    ends += [
        (draft.completed, place, "completed")
        for place, draft in enumerate(ordered)
        if draft.completed is not None
    ]
    ranks = {(place, which): rank for rank, (_, place, which) in enumerate(sorted(ends))}
    return History(
        operations=tuple(
            Operation(
                index=place,
                process=place if draft.process is None else draft.process,
                f=draft.f,
                key=draft.key,
                value=draft.value,
                output=draft.output if draft.outcome is Outcome.OK else None,
                error=draft.error,
                outcome=draft.outcome,
                invoked=ranks[place, "invoked"],
                completed=None
                if draft.outcome is Outcome.INFO
                else ranks.get((place, "completed")),
                time_invoked=ranks[place, "invoked"],
            )
            for place, draft in enumerate(ordered)
        )
    )


def drafts_of(history: History) -> list[Draft]:
    """Take a history apart again."""
    return [
        Draft(
            f=operation.f,
            key=operation.key,
            value=operation.value,
            output=operation.output,
            error=operation.error,
            outcome=operation.outcome,
            invoked=float(operation.invoked),
            completed=None if operation.completed is None else float(operation.completed),
        )
        for operation in history
    ]


def perturb_times(random: Random, drafts: list[Draft]) -> None:
    """Shift one operation in time, shorten it or make it longer."""
    draft = random.choice(drafts)
    end = draft.invoked + 1.0 if draft.completed is None else draft.completed
    invoked = draft.invoked + random.choice([0.0, random.uniform(-6, 6)])
    end += random.choice([0.0, random.uniform(-6, 6)])
    draft.invoked, last = min(invoked, end), max(invoked, end)
    if draft.completed is not None:
        draft.completed = last


def widen(random: Random, drafts: list[Draft]) -> None:
    """Let every operation begin earlier and end later; what was possible stays so."""
    for draft in drafts:
        draft.invoked -= random.uniform(0, 5)
        if draft.completed is not None:
            draft.completed += random.uniform(0, 5)
