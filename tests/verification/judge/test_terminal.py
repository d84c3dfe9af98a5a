"""The verdict on a terminal: short where it holds, and specific where it does not."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.support.run_folder import make_run
from verification.artefacts import AppliedRow, RunFolder
from verification.judge import judge_run
from verification.judge.document import write_judgement
from verification.judge.terminal import print_judgement


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return asyncio.run(make_run(tmp_path / "run"))


def printed(folder: RunFolder, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    judgement = judge_run(folder)
    write_judgement(judgement, folder)
    print_judgement(console, judgement, folder)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_valid_run_fits_on_a_small_screen(folder: RunFolder) -> None:
    lines = printed(folder, 80).splitlines()
    assert lines[1] == "valid  every property holds"
    properties = [line for line in lines if line.startswith("  ✓")]
    assert len(properties) == 12
    assert len(lines) < 24


def test_paths_and_commands_are_never_broken(folder: RunFolder) -> None:
    lines = printed(folder, 40).splitlines()
    assert f"  page         file://{folder.report}" in lines
    assert f"  judge again  trueorder judge {folder.path}" in lines


def test_an_anomaly_is_named_in_the_headline_and_explained_once(folder: RunFolder) -> None:
    applied = folder.read_applied() or []
    kept = [row for row in applied if row.position not in {3, 7, 9}]
    folder.write_applied(
        AppliedRow(ordinal=n, position=row.position, id=row.id) for n, row in enumerate(kept, 1)
    )
    text = printed(folder, 100)
    assert text.splitlines()[1].startswith("invalid  skipped-event")
    assert "Each event was applied once, in order: refuted" in text
    assert "skipped-event  the projector never had position 3 of the log" in text
    assert "and 2 more of skipped-event; see the page" in text


def test_what_a_server_says_is_no_markup(folder: RunFolder) -> None:
    outcome = folder.read_outcome()
    assert outcome is not None
    (folder.path / "outcome.json").write_text(
        '{"ended": "ServerFailed: [bold]x[/bold] [/]", "started_at": ""}'
    )
    assert "[bold]x[/bold] [/]" in printed(folder, 200)
