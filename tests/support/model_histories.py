"""A generator of random histories for each model: mostly right, often not, with lost answers."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from tests.support.container_histories import Mix as ContainerMix
from tests.support.container_histories import container_drafts, container_named
from tests.support.container_histories import mutate as mutate_container
from tests.support.counter_histories import counter_drafts
from tests.support.drafts import Draft
from tests.support.lock_histories import lock_drafts
from tests.support.register_histories import register_drafts
from tests.support.set_histories import random_set_mix, set_drafts
from tests.support.unique_registers import unique_register_drafts

__all__ = ["GENERATORS", "Drafts", "cas_registers"]

Drafts = Callable[[Random], list[Draft]]


def cas_registers(random: Random) -> list[Draft]:
    operations = random.randint(1, 9)
    if random.random() < 0.5:
        return unique_register_drafts(random, operations=operations, cas=True)
    return register_drafts(random, operations=operations)


def _registers(random: Random) -> list[Draft]:
    return [draft for draft in cas_registers(random) if draft.f != "cas"]


def _containers(name: str) -> Drafts:
    def drafts(random: Random) -> list[Draft]:
        model = container_named(name)
        repeated = random.choice([0.0, 0.0, 0.3])
        made = container_drafts(random, model, ContainerMix(operations=6, repeated=repeated))
        for _ in range(random.randrange(3)):
            mutate_container(random, model, made)
        return made

    return drafts


GENERATORS: Final[dict[str, Drafts]] = {
    "register": _registers,
    "cas-register": cas_registers,
    "queue": _containers("queue"),
    "stack": _containers("stack"),
    "priority-queue": _containers("priority-queue"),
    "set": lambda random: set_drafts(random, random_set_mix(random, whole=False)),
    "grow-only-set": lambda random: set_drafts(random, random_set_mix(random, whole=True)),
    "counter": lambda random: counter_drafts(random, operations=random.randint(1, 8)),
    "lock": lambda random: lock_drafts(random, processes=3, turns=random.randint(1, 5)),
}
