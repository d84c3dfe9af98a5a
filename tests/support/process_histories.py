"""Who did what: processes for drafts, and the plainest judgement of their orders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, permutations
from random import Random

from checker import Outcome
from checker.engine.sequential import replay_by_process
from checker.models.model import Partition, required_and_optional
from tests.support.drafts import Draft

__all__ = ["assign_processes", "sequential_by_brute_force", "shuffle_times"]


def assign_processes(random: Random, drafts: Sequence[Draft], processes: int) -> None:
    """Share drafts out among processes that do one thing at a time, and end when unanswered."""
    ends: dict[int, float] = dict.fromkeys(range(processes), float("-inf"))
    named = processes
    for draft in sorted(drafts, key=lambda draft: draft.invoked):
        free = [process for process, end in ends.items() if end < draft.invoked]
        if not free:
            free = [named]
            named += 1
        draft.process = random.choice(free)
        unanswered = draft.outcome is Outcome.INFO or draft.completed is None
        ends[draft.process] = float("inf") if unanswered else draft.completed or 0.0


def shuffle_times(random: Random, drafts: Sequence[Draft]) -> None:
    """Let every process be late by an amount of its own: its order stays, that of time does not."""
    late = {draft.process: random.uniform(0, 30) for draft in drafts}
    for draft in drafts:
        draft.invoked += late[draft.process]
        if draft.completed is not None:
            draft.completed += late[draft.process]


def sequential_by_brute_force(objects: Sequence[Partition]) -> bool:
    """Decide by replaying all permutations; for histories of six operations or so."""
    always: list[int] = []
    perhaps: list[int] = []
    for part in objects:
        required, optional = required_and_optional(part.model, part.operations)
        always += [operation.index for operation in required]
        perhaps += [operation.index for operation in optional]
    return any(
        not replay_by_process(objects, order)
        for count in range(len(perhaps) + 1)
        for chosen in combinations(perhaps, count)
        for order in permutations([*always, *chosen])
    )
