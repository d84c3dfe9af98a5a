"""Scenarios: everything that decides what a run does, in one value that can be written down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from verification.errors import ConfigError
from verification.nemesis.schedule import Fault, Target, schedule
from verification.workloads.contended import Traffic

__all__ = ["CLIENTS_MIN", "FORMAT", "SECONDS_MAX", "SECONDS_MIN", "Scenario"]

FORMAT: Final = "trueorder.run/1"
CLIENTS_MIN: Final = 8
CLIENTS_MAX: Final = 200
SECONDS_MIN: Final = 3.0
SECONDS_MAX: Final = 3600.0
COLD_STREAMS_PER_SECOND: Final = 3


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """One run: its seed and size, and the bug that is planted in it, if any.

    The same scenario has the same faults at the same times and the same questions for the same
    answers; how the processes interleave is up to the machine. ``feed`` says whether documents with
    a change feed are kept, too; runs that were made before there were any have none.
    """

    format: str = FORMAT
    name: str = "demo"
    seed: int
    seconds: float = 20.0
    clients: int = 10
    mutant: str | None = None
    feed: bool = False

    def check(self, mutants: Iterable[str]) -> None:
        """Refuse what cannot be run.

        Raises:
            ConfigError: a number is out of range, or no mutant has this name.
        """
        if not SECONDS_MIN <= self.seconds <= SECONDS_MAX:
            raise ConfigError(
                f"a run has {SECONDS_MIN:g} to {SECONDS_MAX:g} seconds, not {self.seconds:g}."
            )
        if not CLIENTS_MIN <= self.clients <= CLIENTS_MAX:
            raise ConfigError(
                f"a run has {CLIENTS_MIN} to {CLIENTS_MAX} clients, not {self.clients}."
            )
        if self.seed < 0:
            raise ConfigError(f"a seed is a number from 0, not {self.seed}.")
        known = tuple(mutants)
        if self.mutant is not None and self.mutant not in known:
            raise ConfigError(f"no mutant is called {self.mutant!r}: there are {', '.join(known)}.")

    @property
    def traffic(self) -> Traffic:
        """What the clients contend for; longer runs open more streams."""
        return Traffic(cold_streams=round(self.seconds * COLD_STREAMS_PER_SECOND))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults, in order of their start."""
        targets = [target for target in Target if self.feed or target is not Target.FEED]
        return schedule(self.seed, self.seconds, targets)

    @property
    def command(self) -> str:
        """The command line that runs it again."""
        mutant = f" --mutant {self.mutant}" if self.mutant else ""
        return (
            f"trueorder {self.name} --seconds {self.seconds:g} --clients {self.clients} "
            f"--seed {self.seed}{mutant}"
        )
