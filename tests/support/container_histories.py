"""Random histories of queues, stacks and priority queues, mostly right, and mutations of them."""

from __future__ import annotations

import dataclasses
from random import Random
from typing import Any

from checker import Outcome
from checker.models import MODELS
from checker.models.container import Container
from checker.operation import Operation
from tests.support.drafts import Draft, perturb_times

__all__ = ["Mix", "container_drafts", "container_named", "mutate"]


@dataclasses.dataclass(frozen=True)
class Mix:
    """What a random history is made of."""

    operations: int = 8
    clients: int = 3
    unknown_insertions: float = 0.1
    unknown_removals: float = 0.1
    removals: float = 0.5
    repeated: float = 0.0
    """How often a value is put in that was used before."""


def container_named(name: str) -> Container:
    model = MODELS[name]()
    assert isinstance(model, Container)
    return model


def container_drafts(random: Random, model: Container, mix: Mix) -> list[Draft]:
    """Run clients against a right container; the history is linearizable by construction."""
    state = model.init()
    made: list[Draft] = []
    waiting: list[Draft] = []
    answered: list[Draft] = []
    unused = list(range(1, mix.operations + 1))
    random.shuffle(unused)
    now = 0.0
    while len(made) < mix.operations or waiting or answered:
        now += 1.0
        choice = random.random()
        if choice < 0.4 and len(made) < mix.operations and len(waiting) < mix.clients:
            draft = _request(random, model, mix, unused)
            draft.invoked = now
            made.append(draft)
            waiting.append(draft)
        elif choice < 0.7 and waiting:
            draft = waiting.pop(random.randrange(len(waiting)))
            inserts = draft.f in model.insertions
            rate = mix.unknown_insertions if inserts else mix.unknown_removals
            if random.random() >= rate:
                state = _perform(model, state, draft)
                answered.append(draft)
            elif (fate := random.random()) < 0.4:
                state = _perform(model, state, draft)
                draft.outcome, draft.output = Outcome.INFO, None
            elif fate < 0.7:
                late = draft.copy()
                waiting.append(late)
        elif answered:
            answered.pop(random.randrange(len(answered))).completed = now
    return made


def _request(random: Random, model: Container, mix: Mix, unused: list[int]) -> Draft:
    if random.random() < mix.removals:
        return Draft(model.removals[0])
    if random.random() < mix.repeated:
        return Draft(model.insertions[0], value=random.randint(1, mix.operations))
    return Draft(model.insertions[0], value=unused.pop())


def _perform(model: Container, state: Any, draft: Draft) -> Any:
    """Take effect, and write down the answer."""
    draft.outcome = Outcome.OK
    if draft.f in model.removals and state:
        token = state[0]
        draft.output = int(token if isinstance(token, str) else token[0])
    operation = Operation(
        index=0,
        process=0,
        f=draft.f,
        value=draft.value,
        output=draft.output,
        outcome=draft.outcome,
        invoked=0,
        completed=1,
    )
    after = model.step(state, operation)
    assert after is not None
    return after


def mutate(random: Random, model: Container, drafts: list[Draft]) -> None:
    """Change one thing; the history may or may not stay linearizable."""
    choice = random.random()
    draft = random.choice(drafts)
    if choice < 0.7:
        perturb_times(random, drafts)
    elif choice < 0.75 and len(drafts) > 1:
        drafts.remove(draft)
    elif choice < 0.8:
        draft.outcome = random.choice([Outcome.INFO, Outcome.FAIL])
        draft.output = None
        if draft.completed is None:
            draft.completed = draft.invoked + 1
    else:
        _change_answers(random, model, drafts)


def _change_answers(random: Random, model: Container, drafts: list[Draft]) -> None:
    removals = [d for d in drafts if d.f in model.removals and d.outcome is Outcome.OK]
    if not removals:
        return
    one, other = random.choice(removals), random.choice(removals)
    if random.random() < 0.5:
        one.output, other.output = other.output, one.output
    else:
        values = [d.value for d in drafts if d.f in model.insertions]
        one.output = random.choice([None, *values])
