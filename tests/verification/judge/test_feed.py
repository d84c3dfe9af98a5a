"""The judge of the change feed, on run folders: each damage is convicted by its name."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checker import Verdict
from tests.support.run_folder import make_run
from verification.artefacts import RunFolder
from verification.judge import Judgement, judge_run

Damage = Callable[[RunFolder], None]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return asyncio.run(make_run(tmp_path_factory.mktemp("runs") / "healthy"))


@pytest.fixture
def folder(healthy: RunFolder, tmp_path: Path) -> RunFolder:
    return RunFolder.open(shutil.copytree(healthy.path, tmp_path / "run"))


def edit(folder: RunFolder, name: str, change: Callable[[Any], object]) -> None:
    content = json.loads((folder.path / name).read_text())
    change(content)
    (folder.path / name).write_text(json.dumps(content))


def edit_changes(folder: RunFolder, change: Callable[[list[Any]], object]) -> None:
    path = folder.path / "changes.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def verdicts(judgement: Judgement) -> dict[str, Verdict]:
    return {judged.name: judged.verdict for judged in judgement.properties}


def a_change_is_not_told(folder: RunFolder) -> None:
    edit_changes(folder, lambda rows: rows.pop(10))


def the_last_change_is_not_told(folder: RunFolder) -> None:
    edit_changes(folder, lambda rows: rows.pop())


def a_predecessor_is_wrong(folder: RunFolder) -> None:
    edit_changes(folder, lambda rows: rows[-1].update(previous=len(rows) - 1, key="another"))


def the_bucket_keeps_what_was_removed(folder: RunFolder) -> None:
    edit(folder, "documents.json", lambda found: found["bucket"].update(removed={"version": 1}))


def the_bucket_lacks_a_value(folder: RunFolder) -> None:
    edit(folder, "documents.json", lambda found: found["bucket"].pop("order-1"))


def a_document_is_wrong(folder: RunFolder) -> None:
    edit(folder, "documents.json", lambda found: found["rows"].update({"order-1": {"version": 0}}))


def the_checkpoint_is_wrong(folder: RunFolder) -> None:
    edit(folder, "documents.json", lambda found: found.update(checkpoint=3))


def the_bucket_stood_still(folder: RunFolder) -> None:
    def stand_still(outcome: Any) -> None:
        outcome["convergence"].update(stalled=True, reason="nothing moved for 15 s")
        outcome["convergence"]["feed"].update(kept=3)

    edit(folder, "outcome.json", stand_still)


@pytest.mark.parametrize(
    ("damage", "convicted", "anomaly"),
    [
        (a_change_is_not_told, "changes", "skipped-change"),
        (a_predecessor_is_wrong, "changes", "wrong-predecessor"),
        (the_last_change_is_not_told, "feed", "feed-mismatch"),
        (the_bucket_keeps_what_was_removed, "feed", "feed-mismatch"),
        (the_bucket_lacks_a_value, "feed", "feed-mismatch"),
        (a_document_is_wrong, "documents", "read-model-mismatch"),
        (the_checkpoint_is_wrong, "documents", "wrong-checkpoint"),
        (the_bucket_stood_still, "converged", "not-converged"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_each_damage_is_convicted_by_its_name(
    folder: RunFolder, damage: Damage, convicted: str, anomaly: str
) -> None:
    damage(folder)
    judgement = judge_run(folder)
    assert verdicts(judgement)[convicted] is Verdict.INVALID
    assert judgement.verdict is Verdict.INVALID
    assert anomaly in judgement.anomaly_types


def test_a_feed_that_was_not_collected_is_unknown(folder: RunFolder) -> None:
    (folder.path / "changes.jsonl").unlink()
    judgement = judge_run(folder)
    assert verdicts(judgement)["feed"] is Verdict.UNKNOWN
    assert judgement.verdict is Verdict.UNKNOWN


def test_without_a_fault_of_the_feed_the_run_proves_nothing(folder: RunFolder) -> None:
    text = folder.history.read_text().splitlines(keepends=True)
    folder.history.write_text("".join(line for line in text if '"kill-feed"' not in line))
    evidence = judge_run(folder).properties[0]
    assert evidence.verdict is Verdict.UNKNOWN
    assert "planned, but it never happened: kill-feed" in evidence.sentence


def test_a_run_that_was_made_before_there_was_a_feed_is_judged_as_it_was(
    folder: RunFolder,
) -> None:
    edit(folder, "scenario.json", lambda scenario: scenario.pop("feed"))
    edit(folder, "outcome.json", lambda outcome: outcome["convergence"].pop("feed"))
    for name in ("changes.jsonl", "documents.json"):
        (folder.path / name).unlink()
    judgement = judge_run(folder)
    assert judgement.verdict is Verdict.VALID
    assert {"documents", "changes", "feed"}.isdisjoint(verdicts(judgement))
