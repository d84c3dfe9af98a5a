"""The reference says what is so."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from eventstore import READ_LIMIT_MAX, encoding, errors, validation
from eventstore.cli import app
from eventstore.cli.exits import Exit
from tests.support.source import ROOT

CLI = (ROOT / "docs" / "reference" / "eventstore-cli.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "docs" / "reference" / "eventstore.md").read_text(encoding="utf-8")


@pytest.mark.stack
def test_its_example_runs(store_url: str) -> None:
    found = re.search(r"```python\n(.*?)```", REFERENCE, re.DOTALL)
    assert found is not None
    example = re.sub(r'"postgresql://[^"]+"', repr(store_url), found[1])
    ran = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, check=False
    )
    assert (ran.stdout, ran.stderr) == ("1 1 placed {'total': 30}\n2 2 paid None\n", "")


def test_it_tells_every_exit_code() -> None:
    rows = re.findall(r"^\| ([\d, ]+) \|", CLI, re.MULTILINE)
    told = {int(code) for row in rows for code in row.split(", ")}
    assert told == set(map(int, Exit)) - {Exit.PIPE_CLOSED}


def test_it_tells_every_command() -> None:
    told = set(re.findall(r"`(?:eventstore )?([a-z-]+)[ `]", CLI))
    assert set(app) - {"--help", "-h", "--version"} <= told


def test_it_tells_of_each_error_whether_it_is_definite() -> None:
    for row in re.findall(r"^\| (`[A-Z].*?) \| (yes|\*\*no\*\*) \|", REFERENCE, re.MULTILINE):
        for name in re.findall(r"`([A-Z]\w+)`", row[0]):
            assert getattr(errors, name).definite == (row[1] == "yes"), name


def test_its_limits_are_the_limits() -> None:
    for limit in (
        f"{encoding.DATA_BYTES_MAX // 1024} KiB as JSON",
        f"{encoding.METADATA_BYTES_MAX // 1024} KiB as JSON",
        f"{validation.APPEND_EVENTS_MAX:,} events, {validation.APPEND_BYTES_MAX // 2**20} MiB",
        f"printable, {encoding.EVENT_TYPE_BYTES_MAX} bytes in UTF-8",
        f"at most {encoding.DEPTH_MAX} deep",
        f"{READ_LIMIT_MAX:,} events",
        (
            f"{encoding.TAGS_MAX} an event, each printable, no white space, "
            f"1 to {encoding.TAG_BYTES_MAX} bytes in UTF-8"
        ),
        f"{validation.QUERY_ITEMS_MAX} items, each of up to {validation.QUERY_NAMES_MAX} names",
    ):
        assert limit in REFERENCE
