"""Random histories of one set: answers given and not given, few elements, a lie now and then."""

from __future__ import annotations

import dataclasses
from random import Random

from checker import Outcome
from tests.support.drafts import Draft

__all__ = ["SetMix", "random_set_mix", "set_drafts"]


@dataclasses.dataclass
class SetMix:
    """What a history consists of."""

    operations: int
    functions: tuple[str, ...]
    elements: int
    unknown: float = 0.15
    unanswered: float = 0.0
    lies: float = 0.08
    length: float = 4.0
    fresh: bool = False
    """Whether no element is added twice."""


def random_set_mix(random: Random, *, whole: bool) -> SetMix:
    """A small history that asks about single elements, or reads the whole set."""
    functions = ["add", "add", "remove", "contains", "contains"]
    if whole:
        functions = ["add", "read"]
    elif random.random() < 0.3:
        functions.remove("remove")
    return SetMix(
        operations=random.randrange(1, 9),
        functions=tuple(functions),
        elements=random.choice([1, 1, 2, 3]) if not whole else random.randrange(1, 6),
        unanswered=random.choice([0.0, 0.0, 0.3, 1.0]) if not whole else 1.0,
        length=random.choice([1.0, 4.0, 10.0]),
        fresh=random.random() < 0.5,
    )


def set_drafts(random: Random, mix: SetMix) -> list[Draft]:
    """Operations that each took effect once, at a random moment; some answers are then spoiled."""
    drafts = [_draft(random, place, mix) for place in range(mix.operations)]
    moments = {id(draft): random.uniform(draft.invoked, _end(draft)) for draft in drafts}
    state: set[int] = set()
    for draft in sorted(drafts, key=lambda draft: moments[id(draft)]):
        lost = random.random() < mix.unknown
        if not lost or random.random() < 0.5:
            _happen(draft, state)
        lies = random.random() < mix.lies
        if draft.f == "read":
            draft.output = sorted(state)
            random.shuffle(draft.output)
            if lies:
                _spoil(random, draft.output, mix)
        elif draft.f != "contains" and random.random() < mix.unanswered:
            draft.output = random.choice([None, draft.value])
        elif lies:
            draft.output = not draft.output
        if lost:
            draft.outcome, draft.completed = Outcome.INFO, None
        elif random.random() < 0.03:
            draft.outcome = Outcome.FAIL
    return drafts


def _happen(draft: Draft, state: set[int]) -> None:
    is_there = draft.value in state
    draft.output = is_there if draft.f in ("contains", "remove") else not is_there
    if draft.f == "add":
        state.add(draft.value)
    elif draft.f == "remove":
        state.discard(draft.value)


def _spoil(random: Random, elements: list[int], mix: SetMix) -> None:
    if elements and random.random() < 0.7:
        elements.remove(random.choice(elements))
    else:
        elements.append(random.randrange(mix.elements))


def _draft(random: Random, place: int, mix: SetMix) -> Draft:
    invoked = place + random.uniform(-1.5, 1.5)
    f = random.choice(mix.functions)
    value: int | None = random.randrange(mix.elements)
    if f == "add" and mix.fresh:
        value = place
    return Draft(
        f,
        value=None if f == "read" else value,
        outcome=Outcome.OK,
        invoked=invoked,
        completed=invoked + random.uniform(0.1, mix.length),
    )


def _end(draft: Draft) -> float:
    return draft.invoked if draft.completed is None else draft.completed
