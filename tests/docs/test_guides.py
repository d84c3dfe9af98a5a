"""The guides' code runs as it stands."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checker.cli import main
from checker.history.formats import read_history
from eventstore.sealing import MasterKeys
from tests.support.relaying import relaying
from tests.support.source import ROOT

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def program(name: str) -> str:
    return "\n".join(PYTHON.findall(document(name)))


def ran(code: str, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_judging_a_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = ran(program("guides/judging-a-service.md")).splitlines()
    assert said[0] == "invalid"
    assert {line.split(" ")[0] for line in said[1:4]} == set("xyz")
    assert said[4].startswith("Operation ")
    for command, code in (
        ("verify run.jsonl --html report.html", 1),
        ("explain run.jsonl", 1),
        ("shrink run.jsonl --output smaller.jsonl", 0),
        ("verify smaller.jsonl", 1),
        ("verify run.jsonl --junit result.xml --sarif result.sarif --json", 1),
    ):
        assert f"checker {command}" in document("guides/judging-a-service.md")
        assert main(command.split()) == code, command
    assert Path("report.html").stat().st_size > 10_000
    assert len(read_history("smaller.jsonl")) < len(read_history("run.jsonl")) // 10


@pytest.mark.stack
def test_building_on_the_store(store_url: str) -> None:
    said = ran(program("guides/building-on-the-store.md"), EVENTSTORE_DATABASE_URL=store_url)
    assert said.splitlines() == [
        "enrolled: 2",
        "of ada: 1 at version 1",
        "2 logic None",
        "3 logic request-7",
        "4 logic request-7",
    ]


@pytest.mark.stack
async def test_consuming(store_url: str, nats_url: str) -> None:
    async with relaying(store_url, nats_url):
        said = await asyncio.to_thread(
            ran,
            program("guides/consuming.md"),
            EVENTSTORE_DATABASE_URL=store_url,
            EVENTSTORE_NATS_URL=nats_url,
        )
    assert said.splitlines() == ["billed: 780", "counted: 80"]


@pytest.mark.stack
def test_personal_data(store_url: str, tmp_path: Path) -> None:
    key_file = tmp_path / "keys"
    key_file.write_text(MasterKeys.new_line("first"))
    said = ran(
        program("reference/personal-data.md"),
        EVENTSTORE_DATABASE_URL=store_url,
        EVENTSTORE_KEY_FILE=str(key_file),
    )
    guide = document("reference/personal-data.md")
    assert all(f"`{line}`" in guide for line in said.splitlines())
    assert said.count("\n") == 2


def test_projections() -> None:
    """The example is a projection, and does what the guide says of it."""
    use = """
from projector.documents import DocumentProjection, fold
from tests.support.recorded import recorded
import msgspec

deposit = msgspec.structs.replace(recorded(1), type="deposited", data={"amount": 5})
assert isinstance(Balances(), DocumentProjection)
wanted = [(deposit.position, change) for change in Balances().project(deposit)] * 2
print(fold(wanted, {deposit.stream: 30})[0].after)
"""
    assert ran(program("guides/projections.md") + use, PYTHONPATH=str(ROOT)) == "40\n"
