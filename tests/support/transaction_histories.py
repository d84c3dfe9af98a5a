"""Small histories of transactions, from stores that are more or less isolated."""

from __future__ import annotations

from random import Random
from typing import Any

from checker.history.history import History
from checker.operation import Operation, Outcome
from tests.support.seeded import seeded


class LooseStore:
    """A store of versions: transactions see a snapshot, sometimes an older one, or parts of it."""

    def __init__(self, random: Random, *, lists: bool, looseness: float) -> None:
        self._random = random
        self._lists = lists
        self._looseness = looseness
        self._versions: dict[str, list[Any]] = {}
        self._next = 0

    def read(self, key: str, own: dict[str, Any]) -> Any:
        if key in own and self._random.random() > self._looseness / 4:
            return own[key]
        versions = self._versions.setdefault(key, [[] if self._lists else None])
        if self._random.random() < self._looseness:
            return self._random.choice(versions)
        return versions[-1]

    def write(self, key: str, own: dict[str, Any]) -> Any:
        self._next += 1
        current = self.read(key, own)
        own[key] = [*current, self._next] if self._lists else self._next
        return self._next

    def commit(self, key: str, value: Any, transaction: dict[str, list[int]]) -> None:
        versions = self._versions.setdefault(key, [[] if self._lists else None])
        if not self._lists:
            versions.append(value)
            return
        base = list(versions[-1])
        for element in transaction[key]:
            versions.append(base := [*base, element])
        if self._random.random() < 1 - self._looseness:
            del versions[-len(transaction[key]) : -1]


def transaction_history(
    seed: int,
    *,
    lists: bool,
    transactions: int = 4,
    processes: int = 3,
    keys: int = 2,
    looseness: float = 0.3,
) -> History:
    """A history of a few transactions; the looser the store, the less consistent."""
    random = seeded(seed)
    store = LooseStore(random, lists=lists, looseness=looseness)
    times = sorted(random.sample(range(10 * transactions), 2 * transactions))
    free = list(range(processes))
    busy: list[tuple[int, dict[str, Any]]] = []
    drafts: list[dict[str, Any]] = []
    next_process = processes
    for time in times:
        room = len(drafts) < transactions and free
        if room and (not busy or random.random() < 0.6):
            draft = _run(random, store, lists=lists, keys=keys)
            draft |= {"process": free.pop(random.randrange(len(free))), "invoked": time}
            drafts.append(draft)
            busy.append((len(drafts) - 1, draft))
            continue
        if not busy:
            break
        _, draft = busy.pop(random.randrange(len(busy)))
        outcome = random.choices([Outcome.OK, Outcome.FAIL, Outcome.INFO], [9, 1, 1])[0]
        draft["outcome"] = outcome
        if outcome is not Outcome.INFO:
            draft["completed"] = time
            free.append(draft["process"])
        else:
            free.append(next_process)
            next_process += 1
    operations = []
    for index, draft in enumerate(drafts):
        outcome = draft.get("outcome", Outcome.INFO)
        done = draft["done"]
        operations.append(
            Operation(
                index=index,
                process=draft["process"],
                f="txn",
                value=[[f, key, None if f == "r" else value] for f, key, value in done],
                output=done if outcome is Outcome.OK else None,
                outcome=outcome,
                invoked=draft["invoked"],
                completed=draft.get("completed"),
            )
        )
    return History(operations=tuple(operations))


def _run(random: Random, store: LooseStore, *, lists: bool, keys: int) -> dict[str, Any]:
    own: dict[str, Any] = {}
    done: list[list[Any]] = []
    appended: dict[str, list[int]] = {}
    for _ in range(random.randint(1, 3)):
        key = "xyz"[random.randrange(keys)]
        if random.random() < 0.5:
            done.append(["r", key, store.read(key, own)])
        else:
            value = store.write(key, own)
            appended.setdefault(key, []).append(value)
            done.append(["append" if lists else "w", key, value])
    for key, value in own.items():
        store.commit(key, value, appended)
    return {"done": done}
