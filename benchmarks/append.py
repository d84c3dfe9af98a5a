"""How fast events are appended: ours beside `eventsourcing` and raw PostgreSQL, on one server.

One embedded PostgreSQL with fsync on, events of 256 bytes, figures in events a second: medians of
short rounds in which the contenders take turns, and ratios the medians of those within a round; of
the peers, the best round. ``ours`` is `eventstore.connect` as a user gets it;
the peer is `eventsourcing` 9.5 with its default table lock, in threads, since it is synchronous
(its opt-in without the lock loses events); the limit is the same table with the same indexes
without any of our promises, by single-row inserts on as many connections as there are producers
(at most 64) or by COPY. `emmett-postgresql` is in the notes, where there is a node.

append-hot is append-64 with all producers on one stream, and has no peer: there an exact version is
the only way to append, so one producer of all succeeds at a time. append-5m asks whether a large
log is slower (`benchmarks.large_log`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from statistics import median
from typing import Final

import msgspec

from benchmarks import raw
from benchmarks.closed_loop import Loop, Rate, best, middle
from benchmarks.document import Row, main
from benchmarks.large_log import measure_large_log
from benchmarks.logs import DATA_JSON, append_rate, hot_rate, server
from benchmarks.peers import EVENTSOURCING, Peer, PeerFailed, emmett, eventsourcing
from eventstore import connect

UNIT: Final = "events/s"
CONNECTIONS_MAX: Final = 64
COPY_ROWS: Final = 50_000


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How long everything is measured."""

    rounds: int
    warm_up: float
    seconds: float
    large_log: int


FULL: Final = Scale(rounds=7, warm_up=0.5, seconds=1.5, large_log=5_000_000)
QUICK: Final = Scale(rounds=1, warm_up=0.3, seconds=1.0, large_log=50_000)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One row of single appends."""

    name: str
    producers: int
    batch: int = 1
    peer_producers: int = 0
    hot: bool = False


CASES: Final = (
    Case(name="append-1", producers=1),
    Case(name="append-64", producers=64),
    Case(name="append-256", producers=256),
    Case(name="append-hot", producers=64, hot=True),
    # A peer with one lock for the whole table gains nothing from more producers.
    Case(name="append-batch", producers=16, batch=100, peer_producers=1),
)


class Contest:
    """The contenders, all of them clients of one server."""

    def __init__(self, url: str, raw_log: raw.RawLog, peer_url: str, emmett_url: str) -> None:
        self.url = url
        self.raw_log = raw_log
        self._runs = 0
        self._peers = {
            "eventsourcing": (_installed(eventsourcing), peer_url),
            "emmett": (_installed(emmett), emmett_url),
        }

    def run_name(self) -> str:
        """A name for the streams of one round."""
        self._runs += 1
        return f"r{self._runs}"

    async def ours(self, loop: Loop, *, hot: bool) -> Rate:
        """Our store, opened as a user opens it."""
        async with connect(self.url) as store:
            if hot:
                return await hot_rate(store, loop, run_name=self.run_name())
            return await append_rate(store, loop, run_name=self.run_name())

    async def limit(self, loop: Loop) -> Rate:
        """Raw PostgreSQL: single rows, or COPY for batches."""
        if loop.batch > 1:
            return await self.raw_log.copy_rate(loop.seconds, COPY_ROWS)
        return await self.raw_log.insert_rate(loop, min(loop.producers, CONNECTIONS_MAX))

    def peer(self, name: str, loop: Loop) -> Rate | str:
        """A peer's rate, or why there is none."""
        installed, url = self._peers[name]
        if isinstance(installed, str):
            return installed
        task = {"mode": "append", "data": DATA_JSON, **msgspec.to_builtins(loop)}
        task["producers"] = min(loop.producers, CONNECTIONS_MAX)
        try:
            return msgspec.convert(installed.ask(url, task), type=Rate)
        except PeerFailed as error:
            return str(error)


def _installed(install: Callable[[], Peer]) -> Peer | str:
    try:
        return install()
    except PeerFailed as error:
        return f"skipped: {error}"


def measure(quick: bool) -> Iterator[Row]:  # noqa: FBT001 - the shape that `main` calls
    """Measure every row; a server for the small logs, and a fresh one for the large."""
    scale = QUICK if quick else FULL
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            contest = runner.run(_open(stack))
            for case in CASES:
                yield runner.run(_measure_case(contest, case, scale))
        finally:
            runner.run(stack.aclose())
        large = Loop(producers=64, warm_up=scale.warm_up, seconds=scale.seconds)
        yield runner.run(_measure_large_log(large, scale))


async def _measure_large_log(loop: Loop, scale: Scale) -> Row:
    async with server() as (_, url):
        return await measure_large_log(url, loop, rounds=scale.rounds, events=scale.large_log)


async def _open(stack: AsyncExitStack) -> Contest:
    postgres, url = await stack.enter_async_context(server())
    return Contest(
        url,
        await raw.open_log(url),
        await postgres.create_database("eventsourcing"),
        await postgres.create_database("emmett"),
    )


async def _measure_case(contest: Contest, case: Case, scale: Scale) -> Row:
    """One row: the contenders take turns, each in every round."""
    loop = Loop(
        producers=case.producers, batch=case.batch, warm_up=scale.warm_up, seconds=scale.seconds
    )
    peer_loop = msgspec.structs.replace(loop, producers=case.peer_producers or loop.producers)
    lone_loop = msgspec.structs.replace(loop, producers=1)
    ours: list[Rate] = []
    limits: list[Rate] = []
    lone: list[Rate] = []
    theirs: list[Rate | str] = []
    others: list[Rate | str] = []
    for _ in range(scale.rounds):
        ours.append(await contest.ours(loop, hot=case.hot))
        limits.append(await contest.limit(loop))
        if case.batch == 1:
            lone.append(limits[-1] if case.producers == 1 else await contest.limit(lone_loop))
        if case.hot:
            continue
        theirs.append(await asyncio.to_thread(contest.peer, "eventsourcing", peer_loop))
        others.append(await asyncio.to_thread(contest.peer, "emmett", peer_loop))
    rate, limit = middle(ours), middle(limits)
    peer, peer_note = _best_peer("eventsourcing", theirs)
    _, other_note = _best_peer("emmett", others)
    notes = [_latency(rate, ours, limits, lone), peer_note, other_note]
    return Row(
        name=case.name,
        unit=UNIT,
        ours=rate.per_second,
        peer=peer,
        peer_name=EVENTSOURCING,
        limit=limit.per_second,
        limit_name="COPY" if case.batch > 1 else "raw inserts",
        ratio_to_peer=rate.per_second / peer if peer else None,
        ratio_to_limit=median(
            own.per_second / bare.per_second for own, bare in zip(ours, limits, strict=True)
        ),
        note="; ".join(filter(None, notes)),
    )


def _latency(rate: Rate, ours: Sequence[Rate], limits: Sequence[Rate], lone: Sequence[Rate]) -> str:
    """Our latencies in words, beside the lone raw insert, which the flush to disk bounds."""
    in_lone = [_in_lone(rates, lone) for rates in (ours, limits)] if lone else []
    if None in in_lone or not in_lone:
        return rate.words()
    return (
        f"{rate.words()}; p99 {in_lone[0]:.1f} lone raw inserts, "
        f"where that of raw inserts is {in_lone[1]:.1f}"
    )


def _in_lone(rates: Sequence[Rate], lone: Sequence[Rate]) -> float | None:
    """The median, over the rounds, of the p99 as a multiple of that round's lone insert."""
    multiples = [
        rate.p99 / single.p50
        for rate, single in zip(rates, lone, strict=True)
        if rate.p99 is not None and single.p50 is not None
    ]
    return median(multiples) if multiples else None


def _best_peer(name: str, rounds: list[Rate | str]) -> tuple[float | None, str]:
    """The best rate of a peer's rounds and a note; None if there is no round with a rate."""
    if not rounds:
        return None, ""
    rates = [found for found in rounds if isinstance(found, Rate)]
    if not rates:
        return None, f"{name} {rounds[0]}"
    fastest = best(rates)
    return fastest.per_second, f"{name} {fastest.per_second:,.0f}/s, {fastest.words()}"


if __name__ == "__main__":
    main(__doc__ or "", measure)
