"""Which faults strike, and when: a pure function of the seed.

Every run kills each target, a server or a process of ours, at least once; what else happens
(pauses, further kills) is drawn, so that two seeds are two different runs. The faults of one target
never overlap, those of different targets may. All are over before the traffic ends, so that there
is traffic after each.
"""

from __future__ import annotations

import enum
import random
from collections.abc import Iterable
from typing import Final

import msgspec

__all__ = ["Action", "Fault", "Target", "schedule"]

FIRST_FAULT_FRACTION: Final = 0.1
LAST_FAULT_FRACTION: Final = 0.8
DOWN_SECONDS_MIN: Final = 0.2
DOWN_SECONDS_MAX: Final = 1.0
PAUSE_PROBABILITY: Final = 0.35


class Target(enum.StrEnum):
    """What a fault strikes."""

    POSTGRES = "postgres"
    NATS = "nats"
    RELAY = "relay"
    PROJECTOR = "projector"
    FEED = "feed"


SECONDS_PER_FAULT: Final = {
    Target.POSTGRES: 8.0,
    Target.NATS: 8.0,
    Target.RELAY: 5.0,
    Target.PROJECTOR: 5.0,
    Target.FEED: 5.0,
}
"""How much traffic a target gets per fault, so that it also lives between them."""


class Action(enum.StrEnum):
    """What is done to it: SIGKILL and a restart, or SIGSTOP and SIGCONT."""

    KILL = "kill"
    PAUSE = "pause"

    @property
    def undo(self) -> str:
        """The word for its end."""
        return "restart" if self is Action.KILL else "resume"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault: it starts ``at`` seconds after the traffic and is undone ``seconds`` later."""

    target: Target
    action: Action
    at: float
    seconds: float

    @property
    def starts_as(self) -> str:
        """The event's name in the history when it starts."""
        return f"{self.action}-{self.target}"

    @property
    def ends_as(self) -> str:
        """The event's name in the history when it ends."""
        return f"{self.action.undo}-{self.target}"


def schedule(
    seed: int, seconds: float, targets: Iterable[Target] = tuple(Target)
) -> tuple[Fault, ...]:
    """Draw the faults of a run with ``seconds`` of traffic, in order of their start.

    The faults of a target do not depend on which others there are.
    """
    faults: list[Fault] = []
    for target in targets:
        draw = random.Random(f"nemesis/{seed}/{target}")  # noqa: S311  # a schedule, not a secret
        faults.extend(_faults_of(target, draw, seconds))
    return tuple(sorted(faults, key=lambda fault: fault.at))


def _faults_of(target: Target, draw: random.Random, seconds: float) -> list[Fault]:
    count = max(1, round(seconds / SECONDS_PER_FAULT[target] * draw.uniform(0.7, 1.3)))
    start = seconds * FIRST_FAULT_FRACTION
    slot = seconds * (LAST_FAULT_FRACTION - FIRST_FAULT_FRACTION) / count
    killed = draw.randrange(count)
    faults = []
    for number in range(count):
        pause = number != killed and draw.random() < PAUSE_PROBABILITY
        down = min(draw.uniform(DOWN_SECONDS_MIN, DOWN_SECONDS_MAX), slot / 2)
        faults.append(
            Fault(
                target=target,
                action=Action.PAUSE if pause else Action.KILL,
                at=start + number * slot + draw.uniform(0, slot - down),
                seconds=down,
            )
        )
    return faults
