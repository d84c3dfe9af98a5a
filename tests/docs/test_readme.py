"""The README's code runs as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.source import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str, document: str = "README.md") -> list[str]:
    """The fenced blocks of a document that are in one language."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return [body for name, body in BLOCK.findall(text) if name == language]


@pytest.mark.stack
def test_a_first_event(store_url: str) -> None:
    (program,) = blocks("python")
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={**os.environ, "EVENTSTORE_DATABASE_URL": store_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "1 1 OrderPlaced {'total': 42}\n"


def test_a_first_event_takes_ten_lines() -> None:
    (program,) = blocks("python")
    body = [line for line in program.splitlines() if line.startswith("    ")]
    assert len(body) <= 10


def run_in(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script.replace(".venv/bin/", f"{Path(sys.executable).parent}/")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_first_history_and_a_model_of_ones_own(tmp_path: Path) -> None:
    first, own = (block for block in blocks("sh") if "checker verify" in block)
    ran = run_in(tmp_path, first)
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.startswith("invalid   history.jsonl  register, linearizable")
    ran = run_in(tmp_path, own)
    assert ran.returncode == 1, ran.stderr
    assert ran.stdout.startswith("invalid   history.jsonl  max-register, linearizable")
    ran = run_in(tmp_path, own.replace("history.jsonl", "late.jsonl").replace("cat", LATE + "cat"))
    assert ran.returncode == 0, ran.stderr


LATE = """sed 's/"value": null, "time": 40/"value": 1, "time": 40/' history.jsonl > late.jsonl; """


def test_a_model_of_ones_own_takes_ten_lines() -> None:
    (own,) = (block for block in blocks("sh") if "mymodel.py" in block)
    program = own.partition("<<'END'\n")[2].partition("END\n")[0]
    assert len([line for line in program.splitlines() if line]) <= 10


def test_links_lead_somewhere() -> None:
    for document in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", text):
            assert (ROOT / target).exists(), f"{document} links to {target}"
