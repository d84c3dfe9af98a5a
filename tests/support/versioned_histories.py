"""Random histories of versioned stores: what clients of a right one observe, and mutations."""

from __future__ import annotations

import dataclasses
from random import Random
from typing import Any

from checker import Outcome
from tests.support.drafts import Draft, perturb_times

__all__ = ["VersionedMix", "mutate_versioned", "random_versioned_mix", "versioned_drafts"]


@dataclasses.dataclass(frozen=True)
class VersionedMix:
    """What a random history is made of."""

    operations: int = 8
    clients: int = 3
    keys: int = 1
    values: int = 1000
    unknown: float = 0.15
    shared: bool = False
    """Whether one count of revisions is for all keys."""
    step_max: int = 1
    """By how much a revision may be larger than the one before it."""


def random_versioned_mix(random: Random, *, shared: bool) -> VersionedMix:
    """A mix of one key, or of a store with one count of revisions."""
    return VersionedMix(
        operations=random.randint(2, 9),
        clients=random.choice([1, 2, 3, 5]),
        keys=random.randint(1, 3) if shared else 1,
        values=random.choice([2, 1000, 1000]),
        unknown=random.choice([0, 0.1, 0.3]),
        shared=shared,
        step_max=random.choice([1, 1, 3]),
    )


class _Store:
    """A right store, in the plainest way that can be written down."""

    def __init__(self, random: Random, mix: VersionedMix) -> None:
        self.random = random
        self.mix = mix
        self.cells: dict[str, tuple[int, int]] = {}
        self.last = 0

    def perform(self, draft: Draft) -> None:
        """Take effect, and write down the answer."""
        draft.outcome = Outcome.OK
        cell = self.cells.get(draft.key)
        observed = None if cell is None else {"value": cell[0], "revision": cell[1]}
        if draft.f == "read":
            draft.output = observed
        elif draft.f == "write":
            draft.output = self.put(draft.key, draft.value)
        elif draft.f == "delete":
            draft.output = None if cell is None else self.next()
            self.cells.pop(draft.key, None)
        elif (0 if cell is None else cell[1]) == draft.value[0]:
            draft.output = self.put(draft.key, draft.value[1])
        else:
            draft.output = self.random.choice([False, observed or False])

    def put(self, key: str, value: int) -> int:
        self.cells[key] = value, self.next()
        return self.last

    def next(self) -> int:
        self.last += self.random.randint(1, self.mix.step_max)
        return self.last


def _request(random: Random, mix: VersionedMix, store: _Store, number: int) -> Draft:
    key = f"k{random.randrange(mix.keys)}"
    value = number if number < mix.values else random.randrange(mix.values)
    kind = random.choice(["read", "read", "read", "write", "write", "delete", "cas", "cas"])
    if kind == "write":
        return Draft("write", key=key, value=value)
    if kind == "cas":
        there = store.cells.get(key, (0, 0))[1]
        expected = random.choice([there, there, there, 0, max(0, there - 1), store.last])
        return Draft("cas", key=key, value=[expected, value])
    return Draft(kind, key=key)


def versioned_drafts(random: Random, mix: VersionedMix) -> list[Draft]:
    """Run clients against a right store; the history is linearizable by construction."""
    store = _Store(random, mix)
    made: list[Draft] = []
    waiting: list[Draft] = []
    answered: list[Draft] = []
    now = 0.0
    while len(made) < mix.operations or waiting or answered:
        now += 1.0
        choice = random.random()
        if choice < 0.4 and len(made) < mix.operations and len(waiting) < mix.clients:
            draft = _request(random, mix, store, len(made))
            draft.invoked = now
            made.append(draft)
            waiting.append(draft)
        elif choice < 0.7 and waiting:
            draft = waiting.pop(random.randrange(len(waiting)))
            if random.random() < mix.unknown:
                _lose(random, store, draft, waiting)
            else:
                store.perform(draft)
                answered.append(draft)
        elif answered:
            answered.pop(random.randrange(len(answered))).completed = now
        elif len(made) >= mix.operations and all(d.outcome is Outcome.INFO for d in waiting):
            break
    return made


def _lose(random: Random, store: _Store, draft: Draft, waiting: list[Draft]) -> None:
    """Lose an answer; the effect comes now, later, or never."""
    fate = random.random()
    if fate < 0.5:
        store.perform(draft)
    elif fate < 0.7 and draft.f != "read":
        waiting.append(draft.copy())
    draft.outcome, draft.completed, draft.output = Outcome.INFO, None, None


def mutate_versioned(random: Random, drafts: list[Draft]) -> None:
    """Change one thing; the history may or may not stay linearizable."""
    draft = random.choice(drafts)
    choice = random.random()
    if choice < 0.4:
        perturb_times(random, drafts)
    elif choice < 0.5 and len(drafts) > 1:
        drafts.remove(draft)
    elif choice < 0.6:
        draft.outcome = random.choice([Outcome.INFO, Outcome.FAIL])
        draft.output = None
        if draft.outcome is Outcome.FAIL and draft.completed is None:
            draft.completed = draft.invoked + random.uniform(0.5, 9)
    elif draft.outcome is Outcome.OK:
        _mutate_answer(random, draft, drafts)


def _mutate_answer(random: Random, draft: Draft, drafts: list[Draft]) -> None:
    near = random.choice([-1, 1])
    if isinstance(draft.output, dict):
        other: dict[str, Any] = dict(draft.output)
        other[random.choice(["value", "revision"])] += near
        absent = None if draft.f == "read" else False
        draft.output = random.choice([other, other, absent])
    elif draft.f == "read" or draft.output is False:
        found = [other.output for other in drafts if isinstance(other.output, dict)]
        draft.output = random.choice(found) if found else draft.output
    elif draft.output is not None:
        draft.output += near
    if draft.f == "cas" and random.random() < 0.3:
        draft.value = [max(0, draft.value[0] + near), draft.value[1]]
