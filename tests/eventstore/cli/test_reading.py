"""`read` with everything it selects by, `tail`, `streams`, `stats`, and a boundary, on a server."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from eventstore import ABSENT, ANY, Event, stream_name
from eventstore.config import DATABASE_URL
from eventstore.postgres.store import PostgresEventStore
from tests.support.commands import Ran, Run, runner

pytestmark = pytest.mark.stack

COMMAND = str(Path(sys.executable).parent / "eventstore")


@pytest.fixture
def run(store_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv(DATABASE_URL, store_url)
    return runner(monkeypatch, capsys)


@pytest.fixture
def filled(run: Run, store_url: str) -> Run:
    async def fill() -> None:
        async with PostgresEventStore.connect(store_url) as store:
            for number in range(1, 4):
                await store.append(
                    stream_name(f"order-{number}"),
                    [Event(type="placed", tags=(f"n:{number}", "x")), Event(type="paid")],
                    expected=ABSENT,
                )
            await store.append(stream_name("item-1"), [Event(type="placed")], expected=ANY)

    asyncio.run(fill())
    return run


def positions(ran: Ran) -> list[int]:
    assert ran.code == 0, ran.err
    return [event["position"] for event in ran.lines]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--log"], [1, 2, 3, 4, 5, 6, 7]),
        (["--log", "--backwards"], [7, 6, 5, 4, 3, 2, 1]),
        (["--log", "--backwards", "--before", "4"], [3, 2, 1]),
        (["--log", "--backwards", "--until", "3"], [3, 2, 1]),
        (["--log", "--backwards", "--until", "3", "--before", "3"], [2, 1]),
        (["--log", "--until", "3", "--after", "1"], [2, 3]),
        (["--type", "placed"], [1, 3, 5, 7]),
        (["--type", "placed", "--category", "order"], [1, 3, 5]),
        (["--type", "placed", "--type", "paid", "--category", "item"], [7]),
        (["--tag", "x"], [1, 3, 5]),
        (["--tag", "x", "--tag", "n:2"], [3]),
        (["--tag", "x", "--backwards", "--limit", "2"], [5, 3]),
        (["--tag", "x", "--until", "4", "--after", "1"], [3]),
        (["order-2", "--backwards"], [4, 3]),
        (["order-2", "--backwards", "--before", "2"], [3]),
        (["order-2", "--until", "3"], [3]),
        (["order-2", "--after", "1"], [4]),
        (["--tag", "nothing"], []),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_what_is_read(filled: Run, arguments: list[str], expected: list[int]) -> None:
    assert positions(filled("read", *arguments)) == expected


def test_a_read_that_reached_its_limit_says_how_to_go_on(filled: Run) -> None:
    assert "--before 6" in filled("read", "--log", "--backwards", "--limit", "2").err
    assert "--after 3" in filled("read", "--tag", "x", "--limit", "2").err


def test_the_end_of_the_log(filled: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert positions(filled("tail")) == [1, 2, 3, 4, 5, 6, 7]
    assert positions(filled("tail", "-n", "2")) == [6, 7]
    assert positions(filled("tail", "-n", "2", "--tag", "x")) == [3, 5]
    assert positions(filled("tail", "-n", "0")) == []
    assert positions(filled("tail", "--after", "5")) == [6, 7]
    assert positions(filled("tail", "--after", "2", "--type", "paid")) == [4, 6]
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert filled("tail", "-n", "1").out.split()[-3:] == ["item-1", "placed", "null"]


@pytest.mark.parametrize("selected", [[], ["--category", "order"]], ids=["all", "some"])
async def test_a_tail_that_follows_sees_each_event_once(
    store_url: str, selected: list[str]
) -> None:
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "tail", "-f", "-n", "2", *selected, f"--database-url={store_url}"),
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stdout is not None
    async with PostgresEventStore.connect(store_url) as store:
        for number in range(20):
            category = "order" if number % 2 == 0 else "item"
            await store.append(
                stream_name(f"{category}-{number}"), [Event(type="x", data=number)], expected=ANY
            )
        whole = [number for number in range(20) if not selected or number % 2 == 0]
        seen: list[int] = []
        async with asyncio.timeout(90):
            while not seen or seen[-1] != whole[-1]:
                seen.append(json.loads(await process.stdout.readline())["data"])
    assert seen == whole[whole.index(seen[0]) :]
    process.send_signal(signal.SIGINT)
    _, complaints = await process.communicate()
    assert (process.returncode, complaints) == (130, b"")


def test_streams(filled: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = filled("streams").lines
    assert [(s["stream"], s["version"], s["position"]) for s in listed] == [
        ("item-1", 1, 7),
        ("order-1", 2, 2),
        ("order-2", 2, 4),
        ("order-3", 2, 6),
    ]
    assert filled("streams", "--category", "order").lines == listed[1:]
    for wrong in (["--category", ""], ["--category", "a-b"], ["--after", "\udcff"]):
        refused = filled("streams", *wrong)
        assert (refused.code, refused.out) == (2, "")
    some = filled("streams", "--after", "order-1", "--limit", "1")
    assert some.lines == listed[2:3]
    assert "--after order-2" in some.err
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    header, row = filled("streams", "--category", "item").out.splitlines()
    assert header.split() == ["version", "position", "last", "event", "stream"]
    assert row.split()[-1] == "item-1"


def test_stats(filled: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Any]
    (found,) = filled("stats").lines
    assert (found["events"], found["streams"], found["tags"]) == (7, 4, 6)
    assert found["categories"] == [{"name": "order", "events": 6}, {"name": "item", "events": 1}]
    assert found["types"] == [{"name": "placed", "events": 4}, {"name": "paid", "events": 3}]
    assert found["table_bytes"] > 0
    assert found["index_bytes"] > 0
    assert found["commits"] == 4
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    printed = filled("stats", "--most", "1").out
    assert "events      7" in printed
    assert "bytes an event" in printed
    assert "           6  order" in printed
    assert "item" not in printed


def test_stats_of_an_empty_log(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("stats").lines[0]["first_recorded_at"] is None
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert "recorded" not in run("stats").out


def test_a_boundary(run: Run) -> None:
    unless = ["--unless", '[{"types": ["taken"], "tags": ["seat:12A"]}]']
    taken = ["--type", "taken", "--tag", "seat:12A", "--tag", "hall:1"]
    first = run("append", "hall-1", *taken, "--expected", "any", *unless, "--after", "0")
    assert (first.code, first.lines[0]["position"]) == (0, 1)
    late = run("append", "hall-2", *taken, "--expected", "any", *unless, "--after", "0")
    assert late.code == 6
    assert "position 1" in late.err
    assert run("read", "--log").lines[0]["tags"] == ["seat:12A", "hall:1"]
    line = '{"type": "freed", "tags": ["seat:12A"]}'
    freed = run("append", "hall-1", "-", "--expected", "1", *unless, "--after", "1", stdin=line)
    assert freed.code == 0


def test_another_log_of_the_same_database(filled: Run) -> None:
    missing = filled("head", "--log-name", "other")
    assert missing.code == 2
    assert "eventstore migrate" in missing.err
    assert "log 'other'" in filled("migrate", "--log", "other").err
    assert filled("head", "--log-name", "other").out == "0\n"
    filled("append", "a-1", "--type=x", "--expected=any", "--log-name=other")
    assert positions(filled("read", "--log", "--log-name", "other")) == [1]
    assert filled("streams", "--log-name", "other").lines[0]["stream"] == "a-1"
    assert filled("stats", "--log-name", "other").lines[0]["events"] == 1
    assert filled("head").out == "7\n"
