"""Random histories of one lock: a few processes that take turns, and some that should not."""

from __future__ import annotations

from random import Random

from checker import Outcome
from tests.support.drafts import Draft

__all__ = ["lock_drafts"]


def lock_drafts(
    random: Random, *, processes: int, turns: int, unknown: float = 0.1, spoiled: float = 0.5
) -> list[Draft]:
    """Processes acquire and release one lock, each in its own time; then something goes wrong.

    A grant takes effect while nobody holds the lock. Acquires are answered with growing tokens,
    some with none. ``spoiled`` is how likely a history is damaged.
    """
    drafts: list[Draft] = []
    free_from = 0.0
    owners = [*range(processes)]
    ready = [0.0] * processes
    token = 0
    for _ in range(turns):
        owner = random.choice(owners)
        granted = max(free_from, ready[owner]) + random.uniform(0.1, 1.0)
        released = granted + random.uniform(0.1, 2.0)
        begin = random.uniform(ready[owner], granted)
        between = sorted(random.uniform(granted, released) for _ in range(2))
        end = released + random.uniform(0.0, 1.0)
        token += random.choice([1, 1, 1, 5])
        number = token if random.random() < 0.9 else None
        drafts.append(_draft(owner, "acquire", begin, between[0], number))
        drafts.append(_draft(owner, "release", between[1], end))
        ready[owner], free_from = end, released
        if random.random() < unknown:
            _lose(random, drafts)
            owners[owners.index(owner)] = len(ready)
            ready.append(end)
    while drafts and random.random() < spoiled:
        _spoil(random, drafts)
    return drafts


def _draft(process: int, f: str, begin: float, end: float, output: int | None = None) -> Draft:
    return Draft(
        f, output=output, outcome=Outcome.OK, invoked=begin, completed=end, process=process
    )


def _lose(random: Random, drafts: list[Draft]) -> None:
    """The last release, or the last acquire, gets no answer."""
    if random.random() < 0.3:
        drafts.pop()
    drafts[-1].outcome, drafts[-1].completed = Outcome.INFO, None


def _spoil(random: Random, drafts: list[Draft]) -> None:
    draft = random.choice(drafts)
    change = random.randrange(4)
    if change == 0:
        drafts.remove(draft)
    elif change == 1 and draft.completed is not None:
        draft.output = random.randrange(8) if draft.f == "acquire" else None
    elif change == 2 and draft.completed is not None:
        draft.outcome = Outcome.FAIL
    elif draft.completed is not None:
        draft.completed += random.uniform(0, 3)
