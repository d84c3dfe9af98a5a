"""Synthetic histories for the report: clients of a small event store, with faults, from a seed.

The store is simulated, so every answer is right; `with_stale_read` breaks one.
"""

from __future__ import annotations

import heapq
import random
import uuid
from typing import Any

import msgspec

from checker import (
    Anomaly,
    CheckResult,
    History,
    HistoryBuilder,
    Outcome,
    PartitionResult,
    Partitions,
    Verdict,
)

MILLISECOND = 1_000_000
SECOND = 1_000 * MILLISECOND


class Simulation:
    """Clients that append and read, each one operation at a time, until enough were invoked."""

    def __init__(self, *, operations: int, clients: int, seed: int, kills: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a simulation, no secret
        self.operations = operations
        self.clients = clients
        self.length = operations * 5 * MILLISECOND // clients
        self.builder = HistoryBuilder(
            source="synthetic.jsonl",
            header={"format": "trueorder.history/1", "clients": clients, "seed": seed},
        )
        self.streams: dict[str, list[str]] = {f"orders-{n}": [] for n in range(1, 9)}
        self.log: list[tuple[str, int, str]] = []
        self.outages = self._outages(kills)

    def _outages(self, kills: int) -> list[tuple[str, int, int]]:
        width = self.length // 14
        starts = [self.length * (kill + 1) // (kills + 1) for kill in range(kills)]
        return [(("postgres", "nats")[n % 2], at, at + width) for n, at in enumerate(starts)]

    def run(self) -> History:
        """Play the whole run in order of time."""
        order = 0
        events: list[tuple[int, int, str, Any]] = []

        def schedule(time: int, kind: str, what: Any) -> None:
            nonlocal order
            order += 1
            heapq.heappush(events, (time, order, kind, what))

        for target, begin, end in self.outages:
            schedule(begin, "nemesis", f"kill-{target}")
            schedule(end, "nemesis", f"restart-{target}")
        for client in range(self.clients):
            schedule(self.random.randrange(5 * MILLISECOND), "invoke", client)
        invoked = 0
        while events:
            time, _, kind, what = heapq.heappop(events)
            if kind == "nemesis":
                self.builder.nemesis(what, {"signal": "SIGKILL"}, time=time)
            elif kind == "invoke" and invoked < self.operations:
                invoked += 1
                done, completion = self._invoke(what, time)
                schedule(done, "complete", completion)
            elif kind == "complete":
                process = self._complete(*what, time=time)
                pause = self.random.randrange(MILLISECOND, 4 * MILLISECOND)
                schedule(time + pause, "invoke", process)
        return self.builder.build()

    def _invoke(self, process: int, time: int) -> tuple[int, tuple[int, str, str, Any]]:
        f = self.random.choices(["append", "read", "version", "read-log", "head"], [9, 8, 2, 2, 1])[
            0
        ]
        stream = self.random.choice(list(self.streams))
        value: Any = None
        if f == "append":
            identity = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
            here = len(self.streams[stream])
            expected = self.random.choice([here, here, here, max(here - 1, 0), "any", "exists"])
            value = {"ids": [identity], "expected": expected}
        elif f == "read":
            value = {"after": max(len(self.streams[stream]) - 3, 0), "limit": 10}
        elif f == "read-log":
            value = {"after": max(len(self.log) - 5, 0), "limit": 5}
        key = None if f in {"read-log", "head"} else stream
        self.builder.invoke(process, f, key=key, value=value, time=time)
        median = {"append": 2.4, "read": 1.1, "version": 0.7, "read-log": 1.8, "head": 0.5}[f]
        took = int(self.random.lognormvariate(0, 0.45) * median * MILLISECOND)
        return time + took, (process, f, stream, value)

    def _complete(self, process: int, f: str, stream: str, value: Any, *, time: int) -> int:
        """End an operation; the process under which its client goes on."""
        down = any(
            target == "postgres" and begin <= time < end for target, begin, end in self.outages
        )
        chance = self.random.random()
        if down and chance < 0.25:
            lost = {"type": "outcome-unknown", "message": "connection lost after sending"}
            self.builder.complete(process, Outcome.INFO, f=f, error=lost, time=time)
            return process + self.clients
        if down:
            port = self.random.randrange(30_000, 60_000)
            refused = {"type": "store-unavailable", "message": f"refused: 127.0.0.1:{port}"}
            self.builder.complete(process, Outcome.FAIL, f=f, error=refused, time=time)
            return process
        error, output = self._answer(f, stream, value)
        outcome = Outcome.OK if error is None else Outcome.FAIL
        self.builder.complete(process, outcome, f=f, output=output, error=error, time=time)
        return process

    def _answer(self, f: str, stream: str, value: Any) -> tuple[dict[str, Any] | None, Any]:
        events = self.streams[stream]
        if f == "append":
            expected = value["expected"]
            here = len(events)
            if (isinstance(expected, int) and expected != here) or (
                expected == "exists" and not here
            ):
                return {"type": "wrong-expected-version", "actual": here}, None
            events.append(value["ids"][0])
            self.log.append((stream, len(events), value["ids"][0]))
            return None, {"version": len(events), "position": len(self.log)}
        if f == "read":
            after = value["after"]
            return None, {"events": [[after + n, e] for n, e in enumerate(events[after:], 1)]}
        if f == "read-log":
            after = value["after"]
            rows = self.log[after : after + value["limit"]]
            return None, {"events": [[after + n, *row] for n, row in enumerate(rows, 1)]}
        return None, len(events) if f == "version" else len(self.log)


def synthetic_history(
    *, operations: int = 20_000, clients: int = 10, seed: int = 7, kills: int = 2
) -> History:
    """A run of a correct store: each answer is what the store held when the operation ended."""
    return Simulation(operations=operations, clients=clients, seed=seed, kills=kills).run()


def with_stale_read(history: History) -> tuple[History, Anomaly]:
    """Let a read after the middle answer too little, and say which operations show it."""
    operations = list(history.operations)
    read = next(
        op
        for op in operations[len(operations) * 2 // 3 :]
        if op.f == "read" and op.outcome is Outcome.OK and len(op.output["events"]) >= 3
    )
    version = read.output["events"][-1][0]
    append = next(
        op
        for op in operations
        if op.key == read.key and op.f == "append" and (op.output or {}).get("version") == version
    )
    operations[read.index] = msgspec.structs.replace(
        read, output={"events": read.output["events"][:-1]}
    )
    anomaly = Anomaly(
        type="stale-read",
        operations=(append.index, read.index),
        explanation=(
            f"The read of {read.key} ended at version {version - 1}, but the append of version "
            f"{version} had been acknowledged before the read began.\n"
            "A linearizable store shows every acknowledged append to every later read."
        ),
    )
    return msgspec.structs.replace(history, operations=tuple(operations)), anomaly


def judged(
    history: History,
    verdict: Verdict = Verdict.VALID,
    *,
    anomalies: tuple[Anomaly, ...] = (),
    reason: str = "",
    model: str = "stream",
) -> CheckResult:
    """A result as the checker would give it, one partition a key; the first key is the bad one."""
    keys: dict[Any, int] = {}
    for operation in history.operations:
        keys[operation.key] = keys.get(operation.key, 0) + 1
    bad = (
        history.operations[anomalies[0].operations[0]].key if anomalies else next(iter(keys), None)
    )
    partitions = tuple(
        PartitionResult(
            key=key,
            verdict=verdict if key == bad else Verdict.VALID,
            algorithm="sweep",
            operations=count,
            seconds=0.004,
            reason=reason if key == bad else "",
            anomalies=anomalies if key == bad else (),
        )
        for key, count in keys.items()
    )
    return CheckResult(
        model=model,
        consistency="linearizable",
        verdict=verdict,
        algorithm="sweep",
        operations=len(history),
        seconds=0.173,
        partitions=Partitions.of(partitions),
    )
