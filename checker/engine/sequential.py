"""The search for sequential consistency: an order that each process agrees with, whatever the time.

Lamport, "How to make a multiprocessor computer that correctly executes multiprocess programs" (IEEE
Transactions on Computers C-28(9), 1979): every operation takes its place in one order, in which
those of each process keep theirs. Unlike linearizability it does not hold for a history because it
holds for each object in it, so all objects are searched together.

Depth first, with the memory of Lowe's search: never visit the same places of all processes with the
same states twice. What is legal and changes nothing is taken at once, for it can only make room.
NP-complete (Gibbons and Korach, SICOMP 26(4), 1997); what was invoked first is tried first, so that
a history that keeps to real time is done without turning back.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from checker.engine.budget import SearchBudget
from checker.engine.outcome import SearchOutcome
from checker.engine.stepping import Steps, apply, initial
from checker.engine.undecided import Limit, Reach, undecided
from checker.limits import Limits
from checker.models.describe import describe
from checker.models.model import Partition, asked, required_and_optional
from checker.operation import Operation
from checker.verdict import Verdict

__all__ = ["replay_by_process", "search_by_process"]

_CLOCK_PERIOD: Final = 64
"""Configurations between two looks at the clock."""
_ENTRY_BYTES: Final = 320
"""A remembered configuration without its places and states."""

Places = tuple[int, ...]
"""How many operations of each chain have been taken."""


def search_by_process(
    objects: Sequence[Partition],
    limits: Limits | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> SearchOutcome:
    """Look for one legal order of all objects' operations that keeps the order of each process.

    Within ``limits`` the answer is exact. ``peak_bytes`` is an estimate of what was remembered.

    Raises:
        ModelError: a model raised, or broke its contract.
    """
    return _Search(objects, limits or Limits(), clock).run()


def replay_by_process(objects: Sequence[Partition], witness: Sequence[int]) -> str:
    """Say what is wrong with a witness; the empty string if it proves sequential consistency.

    A witness is right if it names every required operation once and optional ones at most once,
    each step is legal, and the operations of each process are in order.
    """
    chains, _ = _chains(objects)
    acts = {act.operation.index: act for chain in chains for act in chain}
    if len(set(witness)) != len(witness) or not set(witness) <= acts.keys():
        return "it names an operation twice, or one that cannot have happened"
    missing = {index for index, act in acts.items() if act.is_required}.difference(witness)
    if missing:
        return f"it leaves out operation {min(missing)}"
    states = [initial(part.model) for part in objects]
    last: dict[int | str, int] = {}
    for index in witness:
        act = acts[index]
        operation = act.operation
        if last.get(operation.process, -1) > operation.invoked:
            return f"its process did something later before [{describe(operation)}]"
        last[operation.process] = operation.invoked
        state = apply(objects[act.thing].model, states[act.thing], operation)
        if state is None:
            return f"[{describe(operation)}] is illegal where it stands"
        states[act.thing] = state
    return ""


class _Act(NamedTuple):
    """An operation, and what it is about."""

    operation: Operation
    thing: int
    is_required: bool
    changes: bool


class _Configuration:
    """How far each chain is, the state of each object, and what led there."""

    __slots__ = ("following", "places", "states", "taken")

    def __init__(self, places: Places, states: tuple[Any, ...], taken: Operation | None) -> None:
        self.places = places
        self.states = states
        self.taken = taken
        self.following: Iterator[int] = iter(())


class _Search:
    def __init__(
        self, objects: Sequence[Partition], limits: Limits, clock: Callable[[], float]
    ) -> None:
        self._models = [part.model for part in objects]
        known = {id(model): Steps(model) for model in self._models}
        self._steps = [known[id(model)] for model in self._models]
        self._doubted = [steps for steps in known.values() if steps.is_doubted]
        self._budget = SearchBudget(limits, clock, period=_CLOCK_PERIOD)
        self._chains, self._after = _chains(objects)
        self._left = sum(act.is_required for chain in self._chains for act in chain)
        self._seen: set[tuple[Places, tuple[Any, ...]]] = set()
        self._bytes = 0
        self._longest: tuple[int, ...] = ()
        self._blocked: Operation | None = None

    def run(self) -> SearchOutcome:
        states = tuple(map(initial, self._models))
        path = [self._visit(_Configuration((0,) * len(self._chains), states, None))]
        while path:
            here = path[-1]
            if self._is_complete(here.places):
                self._remember(path)
                return self._decided(Verdict.VALID, witness=_order(path))
            kept = self._bytes + sum(steps.bytes for steps in self._doubted)
            limit = self._budget.exhausted(len(self._seen), kept)
            if limit is not None:
                self._remember(path)
                return self._undecided(limit)
            following = self._following(here)
            if following is None:
                self._remember(path)
                path.pop()
            else:
                path.append(self._visit(following))
        return self._decided(Verdict.INVALID)

    def _visit(self, here: _Configuration) -> _Configuration:
        self._seen.add((here.places, here.states))
        self._bytes += _ENTRY_BYTES + sys.getsizeof(here.places) + 2 * sys.getsizeof(here.states)
        here.following = iter(self._candidates(here))
        return here

    def _candidates(self, here: _Configuration) -> list[int]:
        """The chains whose next operation may come next; one alone where that costs nothing."""
        open_chains = []
        for number, (chain, place) in enumerate(zip(self._chains, here.places, strict=True)):
            if place == len(chain):
                continue
            before = self._after.get(number)
            if before is not None and here.places[before[0]] < before[1]:
                continue
            act = chain[place]
            state = here.states[act.thing]
            observes = act.is_required and not act.changes
            if observes and self._steps[act.thing].take(state, act.operation) is not None:
                return [number]
            open_chains.append((act.operation.invoked, number))
        return [number for _, number in sorted(open_chains)]

    def _following(self, here: _Configuration) -> _Configuration | None:
        for number in here.following:
            act = self._chains[number][here.places[number]]
            state = self._steps[act.thing].take(here.states[act.thing], act.operation)
            if state is None:
                continue
            places = (*here.places[:number], here.places[number] + 1, *here.places[number + 1 :])
            states = (*here.states[: act.thing], state, *here.states[act.thing + 1 :])
            if (places, states) not in self._seen:
                return _Configuration(places, states, act.operation)
        return None

    def _is_complete(self, places: Places) -> bool:
        return all(
            place == len(chain) or not chain[place].is_required
            for chain, place in zip(self._chains, places, strict=True)
        )

    def _remember(self, path: Sequence[_Configuration]) -> None:
        """Keep the longest order so far, and the operation that it stops at."""
        if self._blocked is not None and len(path) - 1 <= len(self._longest):
            return
        self._longest = _order(path)
        waiting = [
            chain[place].operation
            for chain, place in zip(self._chains, path[-1].places, strict=True)
            if place < len(chain) and chain[place].is_required
        ]
        self._blocked = min(waiting, key=lambda operation: operation.invoked, default=None)

    def _decided(
        self, verdict: Verdict, *, witness: tuple[int, ...] | None = None
    ) -> SearchOutcome:
        """Answer, once the models have confirmed what the answer rests on."""
        if not all(steps.confirm(self._budget.is_late) for steps in self._doubted):
            return self._undecided("timeout")
        return self._outcome(verdict, witness=witness)

    def _undecided(self, limit: Limit) -> SearchOutcome:
        reach = Reach(len(self._seen), len(self._longest), self._left)
        reason = undecided(limit, reach, self._budget.limits)
        return self._outcome(Verdict.UNKNOWN, reason=reason)

    def _outcome(
        self, verdict: Verdict, *, witness: tuple[int, ...] | None = None, reason: str = ""
    ) -> SearchOutcome:
        valid = verdict is Verdict.VALID
        return SearchOutcome(
            verdict=verdict,
            witness=witness,
            longest_prefix=() if valid else self._longest,
            blocked=None if valid or self._blocked is None else self._blocked.index,
            configurations=len(self._seen),
            peak_bytes=self._bytes,
            reason=reason,
        )


def _chains(
    objects: Sequence[Partition],
) -> tuple[list[list[_Act]], dict[int, tuple[int, int]]]:
    """The operations of each process in order, and each unknown one as a chain of its own.

    An operation of unknown outcome may take effect long after its process has gone on, or never: it
    comes after the ``n`` operations of chain ``c`` that its process did before, and before none.
    """
    acts = []
    for thing, part in enumerate(objects):
        required, optional = required_and_optional(part.model, part.operations)
        acts += [
            _Act(
                operation,
                thing,
                is_required=True,
                changes=asked(part.model, part.model.changes, operation),
            )
            for operation in required
        ]
        acts += [_Act(operation, thing, is_required=False, changes=True) for operation in optional]
    acts.sort(key=lambda act: act.operation.invoked)
    numbers: dict[int | str, int] = {}
    chains: list[list[_Act]] = []
    after: dict[int, tuple[int, int]] = {}
    for act in acts:
        process = act.operation.process
        if act.is_required:
            number = numbers.setdefault(process, len(chains))
            if number == len(chains):
                chains.append([])
            chains[number].append(act)
            continue
        known = numbers.get(process)
        if known is not None:
            after[len(chains)] = known, len(chains[known])
        chains.append([act])
    return chains, after


def _order(path: Sequence[_Configuration]) -> tuple[int, ...]:
    return tuple(here.taken.index for here in path if here.taken is not None)
