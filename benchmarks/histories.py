"""Histories to judge, made deterministically from a seed and written in the `ops` format.

A closed loop: each of C clients invokes, waits for the answer, thinks, and goes on. Latency is
50 us plus an exponential with mean 1 ms, think time an exponential with mean 0.1 ms, and every
operation takes effect at a uniformly random point within its interval. Half of the operations are
mutators and half observers; of a compare-and-set register a third each.
"""

from __future__ import annotations

import heapq
import json
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

__all__ = [
    "Sketch",
    "cas_register",
    "keyed_registers",
    "log",
    "queue",
    "register",
    "write_ops",
]

LATENCY_NS: Final = 50_000
LATENCY_MEAN_NS: Final = 1_000_000
THINK_MEAN_NS: Final = 100_000
HASH_MULTIPLIER: Final = 0xFF51AFD7ED558CCD
MASK: Final = 2**64 - 1
HALF: Final = 0.5
STALE_BY: Final = 1000

Sketch = tuple[int, int, int | None, str, Any, Any, Any]
"""client, call, return (None: no known outcome), f, key, value, out."""

Effect = Callable[[random.Random], tuple[str, Any, Any, Any]]
"""Takes effect on the object now and answers with f, key, value, out."""


def simulate(clients: int, operations: int, seed: int, effect: Effect) -> Iterator[Sketch]:
    """Run the closed loop; yields operations in the order in which they take effect."""
    chance = random.Random(seed)
    due: list[tuple[int, int, int, int]] = []  # effect, client, call, return
    for client in range(clients):
        start(due, chance, client, round(chance.expovariate(1 / THINK_MEAN_NS)))
    for _ in range(operations):
        _, client, call, returned = heapq.heappop(due)
        f, key, value, out = effect(chance)
        yield client, call, returned, f, key, value, out
        start(due, chance, client, returned + 1 + round(chance.expovariate(1 / THINK_MEAN_NS)))


def start(
    due: list[tuple[int, int, int, int]], chance: random.Random, client: int, at: int
) -> None:
    """Invoke a client's next operation and draw when it takes effect and returns."""
    latency = LATENCY_NS + round(chance.expovariate(1 / LATENCY_MEAN_NS))
    heapq.heappush(due, (at + round(chance.random() * latency), client, at, at + latency))


def register(clients: int, operations: int, seed: int, *, stale: bool = False) -> list[Sketch]:
    """A read/write register; every written value is new. ``stale``: one late read is wrong."""
    state: list[int | None] = [None]

    def effect(chance: random.Random) -> tuple[str, Any, Any, Any]:
        if chance.random() < HALF:
            state[0] = 1 if state[0] is None else state[0] + 1
            return "write", None, state[0], None
        return "read", None, None, state[0]

    history = sorted(simulate(clients, operations, seed, effect), key=lambda op: op[1])
    return with_stale_read(history) if stale else history


def with_stale_read(history: list[Sketch]) -> list[Sketch]:
    """Let one read at nine tenths answer with a value that was overwritten long before."""
    late = len(history) * 9 // 10
    index = next(i for i in range(late, len(history)) if history[i][3] == "read")
    client, call, returned, f, key, value, out = history[index]
    history[index] = (client, call, returned, f, key, value, max(1, int(out) - STALE_BY))
    return history


def keyed_registers(keys: int, clients: int, operations: int, seed: int) -> list[Sketch]:
    """As many read/write registers as there are keys, chosen uniformly."""
    state: list[int | None] = [None] * keys

    def effect(chance: random.Random) -> tuple[str, Any, Any, Any]:
        key = chance.randrange(keys)
        if chance.random() < HALF:
            state[key] = (state[key] or 0) + 1
            return "write", key, state[key], None
        return "read", key, None, state[key]

    return sorted(simulate(clients, operations, seed, effect), key=lambda op: op[1])


def cas_register(values: int, clients: int, operations: int, seed: int) -> list[Sketch]:
    """A compare-and-set register over few values: a third each of reads, writes and swaps."""
    state: list[int | None] = [None]

    def effect(chance: random.Random) -> tuple[str, Any, Any, Any]:
        choice = chance.randrange(3)
        if choice == 0:
            return "read", None, None, state[0]
        if choice == 1:
            state[0] = chance.randrange(values)
            return "write", None, state[0], None
        before, after = chance.randrange(values), chance.randrange(values)
        swapped = state[0] == before
        state[0] = after if swapped else state[0]
        return "cas", None, [before, after], swapped

    return sorted(simulate(clients, operations, seed, effect), key=lambda op: op[1])


def log(
    clients: int, operations: int, seed: int, *, pending: int = 0, stale: bool = False
) -> list[Sketch]:
    """An append-only log whose reads answer with length and hash of the whole prefix.

    ``pending`` appends, spread evenly, have no known outcome; half of them never take effect.
    """
    prefix = [(0, 0)]  # length and hash of every prefix
    every = operations // pending if pending else operations + 1
    made, overdue = 0, 0

    def effect(chance: random.Random) -> tuple[str, Any, Any, Any]:
        nonlocal made, overdue
        made += 1
        overdue += made % every == 0
        length, mixed = prefix[-1]
        if chance.random() < HALF:
            return "read", None, None, {"len": length, "hash": f"{mixed:016x}"}
        unknown = overdue > 0
        overdue -= unknown
        if not unknown or chance.random() < HALF:
            prefix.append((length + 1, chain(mixed, made)))
        return "append", None, made, None if unknown else length + 1

    history = retire(simulate(clients, operations, seed, effect), clients)
    history.sort(key=lambda op: op[1])
    if stale:
        late = len(history) * 9 // 10
        index = next(i for i in range(late, len(history)) if history[i][3] == "read")
        length, mixed = prefix[max(0, history[index][6]["len"] - STALE_BY)]
        history[index] = (*history[index][:6], {"len": length, "hash": f"{mixed:016x}"})
    return history


def retire(history: Iterable[Sketch], clients: int) -> list[Sketch]:
    """Forget the return of every append without an answer; its client takes a new number."""
    renamed = list(range(clients))
    fresh = clients
    retired: list[Sketch] = []
    for client, call, returned, f, key, value, out in history:
        unknown = f == "append" and out is None
        retired.append((renamed[client], call, None if unknown else returned, f, key, value, out))
        if unknown:
            renamed[client], fresh = fresh, fresh + 1
    return retired


def chain(mixed: int, value: int) -> int:
    """Extend the hash of a prefix by one value (the definition is in docs/reference)."""
    mixed = ((mixed ^ value) * HASH_MULTIPLIER) & MASK
    return mixed ^ (mixed >> 32)


def queue(clients: int, operations: int, seed: int) -> list[Sketch]:
    """A FIFO queue; every value is new; a dequeue of the empty queue answers null."""
    state: deque[int] = deque()
    made = [0]

    def effect(chance: random.Random) -> tuple[str, Any, Any, Any]:
        if chance.random() < HALF:
            made[0] += 1
            state.append(made[0])
            return "enqueue", None, made[0], None
        return "dequeue", None, None, state.popleft() if state else None

    return sorted(simulate(clients, operations, seed, effect), key=lambda op: op[1])


def write_ops(history: list[Sketch], path: Path) -> None:
    """Write a history in the `ops` format, one operation a line, sorted by call."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(
            f'{{"client": {client}, "call": {call}, "return": {json.dumps(returned)}, "f": "{f}", '
            f'"key": {json.dumps(key)}, "value": {json.dumps(value)}, "out": {json.dumps(out)}}}\n'
            for client, call, returned, f, key, value, out in history
        )
