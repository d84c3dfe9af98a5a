"""How long from the commit of an append to the commit of its change, at 1,000 appends a second.

Both by PostgreSQL's own clock, through append, relay, JetStream and projector, each a process; the
limit goes the same way with a bare relay and a bare projector (`benchmarks.raw_path`), in the same
run, on servers of the same settings. With ``--hops`` each event's way is shown hop by hop.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

import asyncpg
import msgspec

from benchmarks.document import Row
from benchmarks.hops import HOPS
from benchmarks.logs import event, server
from benchmarks.raw_path import CHANGED
from benchmarks.relay import nats_server
from eventstore import ANY, EventStore, connect, stream_name

__all__ = ["measure_latency"]

RATE: Final = 1000
_WARM_SECONDS: Final = 2.0
_OURS: Final = 'documents."counts@1"'
_MILLISECONDS: Final = 1e3


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """Of so many events, in milliseconds."""

    events: int
    p50: float
    p99: float

    def words(self) -> str:
        """Both in words."""
        return f"p50 {self.p50:.2f} ms, p99 {self.p99:.2f} ms"


def latency_of(seconds: list[float]) -> Latency:
    """Summarise latencies."""
    ascending = sorted(seconds)
    return Latency(
        events=len(ascending),
        p50=ascending[len(ascending) // 2] * _MILLISECONDS,
        p99=ascending[int(len(ascending) * 0.99)] * _MILLISECONDS,
    )


async def measure_latency(seconds: float, events_an_append: int = 1) -> Row:
    """Measure both ways, one after the other."""
    ours = await _on_fresh_servers(seconds, events_an_append, _our_services, _OURS)
    raw = await _on_fresh_servers(seconds, events_an_append, _raw_path, CHANGED)
    return Row(
        name=f"latency-{events_an_append}k",
        unit="ms",
        ours=ours.p50,
        limit=raw.p50,
        limit_name="a bare relay and projector",
        ratio_to_limit=ours.p50 / raw.p50,
        note=f"{ours.words()}; bare {raw.words()}; of {ours.events:,} changes each",
    )


Services = Callable[[AsyncExitStack, str, str], Awaitable[None]]


async def _on_fresh_servers(
    seconds: float, events_an_append: int, start: Services, table: str
) -> Latency:
    async with AsyncExitStack() as stack:
        _, store_url = await stack.enter_async_context(server(track_commit_timestamp="on"))
        nats_url = await stack.enter_async_context(nats_server("always"))
        await start(stack, store_url, nats_url)
        began, ended = await _append(store_url, table, seconds, events_an_append)
        return latency_of(await commit_to_change(store_url, table, began, ended))


async def _our_services(stack: AsyncExitStack, store_url: str, nats_url: str) -> None:
    urls = ("--database-url", store_url, "--nats-url", nats_url)
    projection = "benchmarks.counts:CountsByAccount"
    await stack.enter_async_context(_process("eventstore.cli", "relay", "run", *urls))
    await stack.enter_async_context(_process("projector.cli", "run", projection, *urls))


async def _raw_path(stack: AsyncExitStack, store_url: str, nats_url: str) -> None:
    for service in ("relay", "projector"):
        arguments = (service, store_url, nats_url)
        await stack.enter_async_context(_process("benchmarks.raw_path", *arguments))


@asynccontextmanager
async def _process(module: str, *arguments: str) -> AsyncIterator[None]:
    """A module as a command, until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


async def _append(
    store_url: str, table: str, seconds: float, events_an_append: int
) -> tuple[int, int]:
    """Append until all are at work, and then for ``seconds``; return the heads around those."""
    async with connect(store_url) as store:
        await append_steadily(store, _WARM_SECONDS, events_an_append, run_name="warm")
        began = await store.head()
        await until_applied(store_url, table, began)
        await append_steadily(store, seconds, events_an_append, run_name="measured")
        return began, await store.head()


async def append_steadily(
    store: EventStore, seconds: float, events_an_append: int, *, run_name: str
) -> None:
    """Append at the rate, by a clock that does not wait for answers."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.TaskGroup() as appends:
        for number in range(int(seconds * RATE)):
            delay = began + number / RATE - loop.time()
            if delay > 0:
                await asyncio.sleep(delay)
            stream = stream_name(f"latency-{run_name}-{number % 100}")
            events = [event() for _ in range(events_an_append)]
            appends.create_task(store.append(stream, events, expected=ANY))


async def commit_to_change(store_url: str, table: str, after: int, until: int) -> list[float]:
    """Wait until all is applied; return the seconds between an event's two commits.

    Of an account that had a second event meanwhile, the last one counts.
    """
    await until_applied(store_url, table, until)
    connection = await asyncpg.connect(store_url)
    try:
        rows = await connection.fetch(_LATENCIES.format(table=table), after, until)
    finally:
        await connection.close()
    return [row["seconds"] for row in rows]


async def until_applied(store_url: str, table: str, position: int) -> None:
    """Wait until the read model has come to a position."""
    connection = await asyncpg.connect(store_url)
    try:
        async with asyncio.timeout(60):
            while not await _applied(connection, table, position):  # noqa: ASYNC110 - another's
                await asyncio.sleep(0.1)
    finally:
        await connection.close()


async def _applied(connection: asyncpg.Connection[asyncpg.Record], table: str, until: int) -> bool:
    if await connection.fetchval("SELECT to_regclass($1)", table) is None:
        return False
    reached = await connection.fetchval(f"SELECT max(position) FROM {table}")  # noqa: S608
    return (reached or 0) >= until


_LATENCIES: Final = """
SELECT extract(
    epoch FROM pg_xact_commit_timestamp(a.xmin) - pg_xact_commit_timestamp(e.xmin)
)::float8 AS seconds
FROM {table} AS a JOIN eventstore.events AS e USING (position)
WHERE position > $1 AND position <= $2
"""

_COMMITS: Final = """
SELECT position, extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8 AS at
FROM eventstore.events WHERE position > $1 AND position <= $2
"""


async def hops(seconds: float, events_an_append: int) -> dict[str, Latency]:
    """From each hop to the next, over all events."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _, store_url = await stack.enter_async_context(server(track_commit_timestamp="on"))
        nats_url = await stack.enter_async_context(nats_server("always"))
        async with AsyncExitStack() as services:
            for service in ("relay", "projector"):
                arguments = (service, store_url, nats_url, str(folder / service))
                await services.enter_async_context(_process("benchmarks.hops", *arguments))
            began, ended = await _append(store_url, _OURS, seconds, events_an_append)
            await commit_to_change(store_url, _OURS, began, ended)
        connection = await asyncpg.connect(store_url)
        rows = await connection.fetch(_COMMITS, began, ended)
        await connection.close()
        commits: dict[int, float] = {row["position"]: row["at"] for row in rows}
        noted = [
            msgspec.json.decode((folder / service).read_bytes(), type=dict[str, dict[int, float]])
            for service in ("relay", "projector")
        ]
    at = {hop: noted[0][hop] | noted[1][hop] for hop in HOPS}
    return _between({"commit": commits, **at})


def _between(at: dict[str, dict[int, float]]) -> dict[str, Latency]:
    """From each hop to the next; delivery counts from the publish, whose reply may come later."""
    before = {"delivered": "read"}
    found: dict[str, Latency] = {}
    names = list(at)
    for earlier, hop in pairwise(names):
        start = before.get(hop, earlier)
        both = [(at[start][position], at[hop].get(position)) for position in at[names[0]]]
        found[f"{start} -> {hop}"] = latency_of([b - a for a, b in both if b is not None])
    whole = [at[names[-1]][position] - commit for position, commit in at[names[0]].items()]
    found[f"{names[0]} -> {names[-1]}"] = latency_of(whole)
    return found


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--hops", action="store_true", help="show each event's way hop by hop")
    parser.add_argument("--events", type=int, default=1, help="how many an append has")
    arguments = parser.parse_args()
    if arguments.hops:
        for way, latency in asyncio.run(hops(arguments.seconds, arguments.events)).items():
            sys.stdout.write(f"{way:28} {latency.words()}\n")
    else:
        sys.stdout.write(
            asyncio.run(measure_latency(arguments.seconds, arguments.events)).note + "\n"
        )


if __name__ == "__main__":
    main()
