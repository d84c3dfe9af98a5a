"""`eventsourcing` 9.5 (PostgreSQL, its default table lock) in a process of its own.

usage: python peer.py URL '{"mode": "append", "producers": 64, ...}'; the answer is one JSON object.
It runs in an environment that holds `requirements.txt` and nothing of ours. The recorder is what
its applications use to store and read, so no time is lost in aggregates and mappers.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

APPENDS_A_STREAM = 100
PAGE = 1000


def connect(url: str, connections: int) -> PostgresApplicationRecorder:
    """Open its recorder with so many pooled connections."""
    parts = urlsplit(url)
    datastore = PostgresDatastore(
        dbname=parts.path.lstrip("/"),
        host=parts.hostname or "",
        port=parts.port or 5432,
        user=parts.username or "",
        password=unquote(parts.password or ""),
        pool_size=connections,
        connect_timeout=30,
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name="bench_events")
    recorder.create_table()
    return recorder


def batch_of(stream: UUID, first: int, amount: int, state: bytes) -> list[StoredEvent]:
    """Events of one stream, from a version on."""
    return [
        StoredEvent(
            originator_id=stream, originator_version=first + i, topic="happened", state=state
        )
        for i in range(amount)
    ]


def append(recorder: PostgresApplicationRecorder, task: dict[str, Any]) -> dict[str, Any]:
    """The closed loop of `benchmarks.closed_loop`, with threads: the library is synchronous."""
    batch, state = task["batch"], task["data"].encode()
    begin = time.perf_counter() + task["warm_up"]
    end = begin + task["seconds"]
    latencies: list[float] = []

    def produce() -> None:
        number = 0
        while (sent := time.perf_counter()) < end:
            if number % APPENDS_A_STREAM == 0:
                stream, version = uuid4(), 1
            recorder.insert_events(batch_of(stream, version, batch, state))
            number, version = number + 1, version + batch
            answered = time.perf_counter()
            if begin <= answered <= end:
                latencies.append(answered - sent)

    in_threads(produce, task["producers"])
    latencies.sort()
    return {
        "events": len(latencies) * batch,
        "seconds": task["seconds"],
        "p50": latencies[len(latencies) // 2] if latencies else None,
        "p99": latencies[int(len(latencies) * 0.99)] if latencies else None,
    }


def fill(recorder: PostgresApplicationRecorder, task: dict[str, Any]) -> list[UUID]:
    """As many streams as asked for, interleaved as producers would leave them."""
    streams = [uuid4() for _ in range(task["streams"])]
    for first in range(1, task["events_a_stream"] + 1, task["interleave"]):
        for stream in streams:
            recorder.insert_events(
                batch_of(stream, first, task["interleave"], task["data"].encode())
            )
    return streams


def read(recorder: PostgresApplicationRecorder, task: dict[str, Any]) -> dict[str, Any]:
    """Read the whole log in pages, or each stream whole: a round for each line that asks."""
    streams = fill(recorder, task)
    settle(recorder)

    def read_log() -> int:
        last, events = 0, 0
        while page := recorder.select_notifications(last + 1, PAGE):
            last, events = page[-1].id, events + len(page)
        return events

    def read_streams() -> int:
        return sum(len(recorder.select_events(stream)) for stream in streams)

    rounds = {"log": read_log, "stream": read_streams}
    for line in sys.stdin:
        print(rounds[line.strip()](), flush=True)
    return {}


def settle(recorder: PostgresApplicationRecorder) -> None:
    """Do now what filling left to do, as `benchmarks.pairs.settle` does for the others."""
    with recorder.datastore.get_connection() as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
    gc.collect()
    gc.freeze()


def tail(recorder: PostgresApplicationRecorder, task: dict[str, Any]) -> dict[str, Any]:
    """Follow the log beside writers that append 1 to 9 events a call; what was missed?"""
    state, share = task["data"].encode(), task["events"] // task["producers"]
    seen: list[int] = []
    writing = True

    def write() -> None:
        chooser, written, stream, version = random.Random(threading.get_ident()), 0, uuid4(), 1
        while written < share:
            amount = chooser.randint(1, 9)
            recorder.insert_events(batch_of(stream, version, amount, state))
            written, version = written + amount, version + amount

    def follow() -> None:
        last = 0
        while True:
            ended = not writing
            page = recorder.select_notifications(last + 1, PAGE)
            if page:
                seen.extend(notification.id for notification in page)
                last = page[-1].id
            elif ended:
                return
            else:
                time.sleep(0.001)

    follower = threading.Thread(target=follow)
    begin = time.perf_counter()
    follower.start()
    in_threads(write, task["producers"])
    writing = False
    follower.join()
    seconds = time.perf_counter() - begin
    with recorder.datastore.get_connection() as connection:
        (row,) = connection.execute("SELECT count(*) AS n FROM bench_events").fetchall()
    return {
        "events": row["n"],
        "seconds": seconds,
        "missed": row["n"] - len(set(seen)),
        "twice": len(seen) - len(set(seen)),
    }


def in_threads(work: Callable[[], None], amount: int) -> None:
    """Run the same work in so many threads, to its end."""
    threads = [threading.Thread(target=work) for _ in range(amount)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Do the task and print the answer."""
    url, task = sys.argv[1], json.loads(sys.argv[2])
    recorder = connect(url, task.get("producers", 1) + 1)
    with recorder.datastore:
        answer = {"append": append, "read": read, "tail": tail}[task["mode"]](recorder, task)
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
