"""Random histories of every model that there is, right and wrong, and what can be done to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

from msgspec.structs import replace

from checker import History, Operation, Outcome
from tests.support.drafts import Draft, arrange
from tests.support.log_histories import log_drafts
from tests.support.model_histories import GENERATORS, cas_registers
from tests.support.stream_histories import mutate, random_mix, stream_drafts
from tests.support.transaction_histories import transaction_history
from tests.support.versioned_histories import (
    mutate_versioned,
    random_versioned_mix,
    versioned_drafts,
)

__all__ = ["HISTORIES", "OPAQUE_VALUES", "renamed_values", "stretched"]

Maker = Callable[[Random], History]

OPAQUE_VALUES: Final = frozenset(
    {
        *("register", "cas-register", "multi-register", "kv", "queue", "stack", "set"),
        *("grow-only-set", "list-append", "rw-register", "long-fork"),
    }
)
"""Models to which the whole numbers in requests and answers are names, no more."""


def _drafted(drafts: Callable[[Random], list[Draft]]) -> Maker:
    return lambda random: arrange(drafts(random))


def _keyed(random: Random) -> list[Draft]:
    drafts = cas_registers(random)
    for draft in drafts:
        draft.key = random.choice("xy")
    return drafts


def _versioned(*, shared: bool) -> Callable[[Random], list[Draft]]:
    def drafts(random: Random) -> list[Draft]:
        made = versioned_drafts(random, random_versioned_mix(random, shared=shared))
        if random.random() < 0.5:
            mutate_versioned(random, made)
        return made

    return drafts


def _streams(random: Random) -> list[Draft]:
    made = stream_drafts(random, random_mix(random, whole=random.random() < 0.5))
    if random.random() < 0.5:
        mutate(random, made)
    return made


def _several_registers(random: Random) -> list[Draft]:
    drafts = [draft for draft in cas_registers(random) if draft.f != "cas"]
    for draft in drafts:
        name, reads = random.choice("xy"), draft.f == "read"
        draft.output = [[draft.f, name, draft.output if reads else draft.value]]
        draft.value = [[draft.f, name, None if reads else draft.value]]
        draft.f = "txn"
    return drafts


def _transactions(*, lists: bool) -> Maker:
    def made(random: Random) -> History:
        seed, looseness = random.randrange(2**32), random.choice([0.0, 0.1, 0.4])
        return transaction_history(seed, lists=lists, transactions=5, looseness=looseness)

    return made


def _accounts(random: Random) -> list[Draft]:
    drafts = []
    for place in range(random.randint(1, 5)):
        moved, lie = random.randrange(5), random.random() < 0.1
        balances = {"a": 5 - moved, "b": 5 + moved + lie}
        drafts.append(_done("read", None, balances, place, random))
    return drafts


def _forks(random: Random) -> list[Draft]:
    drafts = []
    for place in range(random.randint(2, 5)):
        seen = [["r", name, 1 if random.random() < 0.6 else None] for name in "xy"]
        asked = [["r", name, None] for name in "xy"]
        drafts.append(_done("read", asked, seen, place, random))
    for place, name in enumerate("xy"):
        write = [["w", name, 1]]
        drafts.append(_done("write", write, write, place, random))
    return drafts


def _done(f: str, value: Any, output: Any, place: int, random: Random) -> Draft:
    begin = place + random.uniform(-1, 1)
    end = begin + random.uniform(0.1, 3)
    return Draft(f, value=value, output=output, outcome=Outcome.OK, invoked=begin, completed=end)


def _ownerless(random: Random) -> list[Draft]:
    drafts = GENERATORS["lock"](random)
    for draft in drafts:
        draft.process = None
    return drafts


HISTORIES: Final[Mapping[str, Maker]] = {
    **{name: _drafted(drafts) for name, drafts in GENERATORS.items()},
    "kv": _drafted(_keyed),
    "multi-register": _drafted(_several_registers),
    "versioned-kv": _drafted(_versioned(shared=False)),
    "versioned-store": _drafted(_versioned(shared=True)),
    "stream": _drafted(_streams),
    "log": _drafted(lambda random: log_drafts(random, operations=random.randint(1, 8))),
    "mutex": _drafted(_ownerless),
    "fenced-lock": _drafted(GENERATORS["lock"]),
    "list-append": _transactions(lists=True),
    "rw-register": _transactions(lists=False),
    "bank": _drafted(_accounts),
    "long-fork": _drafted(_forks),
}


def stretched(random: Random, history: History, factor: float) -> History:
    """Let operations begin earlier and end later, by up to so much of the time that is free.

    Those of one process stay apart; below 0 they shrink within themselves.
    """
    begins = [4.0 * operation.invoked for operation in history]
    ends = [None if op.completed is None else 4.0 * op.completed for op in history]
    drafts = []
    for place, operation in enumerate(history):
        begin, end = begins[place], ends[place]
        own = [i for i, other in enumerate(history) if other.process == operation.process]
        before = max((_end(ends[i]) for i in own if _end(ends[i]) < begin), default=begin - 40.0)
        after = min((begins[i] for i in own if begins[i] > _end(end)), default=_end(end) + 40.0)
        if factor < 0 and end is not None:
            before, after = end - (end - begin) / 2, begin + (end - begin) / 2
            begin += random.uniform(0, -factor) * (before - begin)
            end -= random.uniform(0, -factor) * (end - after)
        elif factor > 0:
            begin -= random.uniform(0, factor / 2) * (begin - before)
            end = None if end is None else end + random.uniform(0, factor / 2) * (after - end)
        drafts.append(_draft_of(operation, begin, end))
    return _with_processes(arrange(drafts), drafts)


def _end(end: float | None) -> float:
    return float("inf") if end is None else end


def _draft_of(operation: Operation, begin: float, end: float | None) -> Draft:
    # `arrange` orders by invocation and takes whole numbers for processes: the place stands in.
    return Draft(
        operation.f,
        key=operation.key,
        value=operation.value,
        output=operation.output,
        error=operation.error,
        outcome=operation.outcome,
        invoked=begin,
        completed=end,
        process=operation.process if isinstance(operation.process, int) else None,
    )


def _with_processes(history: History, drafts: list[Draft]) -> History:
    named = sorted(drafts, key=lambda draft: draft.invoked)
    return History(
        operations=tuple(
            replace(operation, process=place if draft.process is None else draft.process)
            for place, (operation, draft) in enumerate(zip(history, named, strict=True))
        )
    )


def renamed_values(value: Any) -> Any:
    """Write every whole number as a text of its own, wherever it stands."""
    if isinstance(value, list | tuple):
        return [renamed_values(one) for one in value]
    return f"v{97 - value}" if type(value) is int else value
