"""Histories of transactions, made deterministically from a seed, as elle-cli's JSON has them.

The closed loop of `benchmarks.histories`: a transaction takes effect as a whole at a random moment
of its interval, or, of a store with snapshots, reads at one and writes at a later one, and is
refused where another wrote one of its keys in between. Keys are chosen as Elle's generator does:
uniformly from ten, each of which gives way to a new one after it was written 64 times.
"""

from __future__ import annotations

import heapq
import json
import random
from pathlib import Path
from typing import Any, Final

from benchmarks.histories import LATENCY_MEAN_NS, LATENCY_NS, THINK_MEAN_NS, Sketch, simulate

__all__ = ["Store", "lists", "registers", "snapshots", "write_elle_json"]

KEYS: Final = 10
WRITES_A_KEY: Final = 64
ACCESSES_MAX: Final = 4
HALF: Final = 0.5
FRESH: Final = 1 << 40
"""Keys, values and clients that no history has by itself."""

Access = tuple[str, int, Any]


class Store:
    """Keys with lists that are appended to, or with registers.

    Args:
        lists: Whether they are lists.
        blind: The chance that an access is a write.
    """

    def __init__(self, *, lists: bool, blind: float = HALF) -> None:
        self.lists = lists
        self.values: dict[int, Any] = {}
        self.written: dict[int, int] = {}
        self._blind = blind
        self._keys = list(range(KEYS))
        self._writes = [0] * KEYS
        self._made = 0

    def ask(self, chance: random.Random) -> list[Access]:
        """Draw a transaction: what it does, with null for what it reads."""
        accesses: list[Access] = []
        for _ in range(chance.randint(1, ACCESSES_MAX)):
            place = chance.randrange(KEYS)
            if chance.random() < self._blind:
                self._made += 1
                accesses.append(("append" if self.lists else "w", self._write(place), self._made))
            else:
                accesses.append(("r", self._keys[place], None))
        return accesses

    def _write(self, place: int) -> int:
        if self._writes[place] == WRITES_A_KEY:
            self._keys[place], self._writes[place] = max(self._keys) + 1, 0
        self._writes[place] += 1
        return self._keys[place]

    def answer(self, asked: list[Access]) -> tuple[list[Access], dict[int, Any]]:
        """Read what is there now; return the answers, and the values that it would write."""
        own: dict[int, Any] = {}
        done: list[Access] = []
        for f, key, value in asked:
            there: Any = own.get(key, self.values.get(key, [] if self.lists else None))
            if f == "r":
                done.append((f, key, there))
            else:
                own[key] = [*there, value] if self.lists else value
                done.append((f, key, value))
        return done, own

    def commit(self, own: dict[int, Any], moment: int) -> None:
        """Write values."""
        self.values |= own
        self.written |= dict.fromkeys(own, moment)


def serial(store: Store, clients: int, operations: int, seed: int) -> list[Sketch]:
    """Run transactions one at a time: what is observed is strictly serializable."""

    def effect(chance: random.Random) -> tuple[str, Any, Any, Any]:
        asked = store.ask(chance)
        done, own = store.answer(asked)
        store.commit(own, 0)
        return "txn", None, asked, done

    return sorted(simulate(clients, operations, seed, effect), key=lambda one: one[1])


def lists(clients: int, operations: int, seed: int, *, skewed: bool = False) -> list[Sketch]:
    """Lists that are appended to; ``skewed``: late on, two miss each other's append."""
    history = serial(Store(lists=True), clients, operations, seed)
    return with_write_skew(history) if skewed else history


def with_write_skew(history: list[Sketch]) -> list[Sketch]:
    """Put two transactions at nine tenths that each read a list before the other appended to it."""
    late = len(history) * 9 // 10
    new = FRESH
    call = history[late][1]
    skew: list[tuple[int, int, int, list[Access]]] = [
        (new, call, call + 1000, [("r", new, []), ("append", new + 1, 1)]),
        (new + 1, call, call + 1000, [("r", new + 1, []), ("append", new, 1)]),
        (new + 2, call + 2000, call + 3000, [("r", new, [1]), ("r", new + 1, [1])]),
    ]
    more = [
        (
            client,
            begin,
            end,
            "txn",
            None,
            [(f, k, None if f == "r" else v) for f, k, v in done],
            done,
        )
        for client, begin, end, done in skew
    ]
    return sorted([*history, *more], key=lambda one: one[1])


def registers(clients: int, operations: int, seed: int, *, blind: float = HALF) -> list[Sketch]:
    """Registers; ``blind`` is the share of writes, most of which nobody reads before."""
    return serial(Store(lists=False, blind=blind), clients, operations, seed)


def snapshots(store: Store, clients: int, operations: int, seed: int) -> list[Sketch]:
    """Run transactions on snapshots: the first to commit a write of a key wins, others fail."""
    chance = random.Random(seed)
    # What happens when: a transaction reads and later commits; its client goes on thereafter.
    due: list[tuple[int, int, int, int, int, bool]] = []
    begun: dict[int, tuple[list[Access], list[Access], dict[int, Any], int]] = {}
    history: list[Sketch] = []

    def invoke(client: int, at: int) -> None:
        latency = LATENCY_NS + round(chance.expovariate(1 / LATENCY_MEAN_NS))
        reads, commits = sorted(at + round(chance.random() * latency) for _ in range(2))
        heapq.heappush(due, (reads, client, at, at + latency, commits, True))

    for client in range(clients):
        invoke(client, round(chance.expovariate(1 / THINK_MEAN_NS)))
    while len(history) < operations:
        moment, client, call, end, commits, reading = heapq.heappop(due)
        if reading:
            asked = store.ask(chance)
            begun[client] = (asked, *store.answer(asked), moment)
            heapq.heappush(due, (commits, client, call, end, commits, False))
            continue
        asked, done, own, snapshot = begun.pop(client)
        wins = all(store.written.get(key, -1) <= snapshot for key in own)
        if wins:
            store.commit(own, moment)
        history.append((client, call, end, "txn", None, asked, done if wins else None))
        invoke(client, end + 1 + round(chance.expovariate(1 / THINK_MEAN_NS)))
    return sorted(history, key=lambda one: one[1])


def write_elle_json(history: list[Sketch], path: Path) -> None:
    """Write a history as elle-cli reads it: one array of invocations and completions by time."""
    events: list[tuple[int, str]] = []
    for client, call, end, f, _, asked, done in history:
        shared = {"process": client, "f": f}
        kind = "fail" if done is None else "ok"
        begin = {"type": "invoke", **shared, "value": asked, "time": call}
        events.append((call, json.dumps(begin)))
        if end is not None:
            answer = {"type": kind, **shared, "value": done or asked, "time": end}
            events.append((end, json.dumps(answer)))
    events.sort(key=lambda event: event[0])
    with path.open("w", encoding="ascii") as file:
        file.write("[\n")
        file.write(",\n".join(text for _, text in events))
        file.write("\n]\n")
