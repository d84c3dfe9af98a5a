"""The judge on run folders: the healthy one is acquitted, each damage is convicted by its name."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from checker import MalformedHistory, Verdict
from tests.support.run_folder import make_run
from verification.artefacts import RunFolder
from verification.errors import NotARun
from verification.judge import Judgement, judge_run
from verification.judge.document import exit_code, verdict_document
from verification.judge.totals import totals_of

Damage = Callable[[RunFolder], None]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return asyncio.run(make_run(tmp_path_factory.mktemp("runs") / "healthy"))


@pytest.fixture
def folder(healthy: RunFolder, tmp_path: Path) -> Iterator[RunFolder]:
    copy = tmp_path / "run"
    shutil.copytree(healthy.path, copy)
    yield RunFolder.open(copy)
    shutil.rmtree(copy)


def verdicts(judgement: Judgement) -> dict[str, Verdict]:
    return {judged.name: judged.verdict for judged in judgement.properties}


def edit_lines(path: Path, edit: Callable[[list[dict[str, Any]]], object]) -> None:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    edit(rows)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_a_healthy_run_is_valid_in_every_property(folder: RunFolder) -> None:
    judgement = judge_run(folder)
    assert judgement.verdict is Verdict.VALID
    assert verdicts(judgement) == dict.fromkeys(
        (
            "evidence",
            "linearizable",
            "errors",
            "acknowledged",
            "dense",
            "converged",
            "carried",
            "applied",
            "read-model",
            "documents",
            "changes",
            "feed",
        ),
        Verdict.VALID,
    )
    assert judgement.anomaly_types == ()


def test_judging_again_gives_the_same_answer(folder: RunFolder) -> None:
    first, second = (verdict_document(judge_run(folder), folder) for _ in range(2))
    for document in (first, second):
        for file in document["files"]:
            del file["seconds"], file["peak_bytes"]
            for part in file["partitions"]:
                del part["seconds"]
    assert first == second


def drop_from_log(folder: RunFolder) -> None:
    edit_lines(folder.path / "log.jsonl", lambda rows: rows.pop())


def hole_in_log(folder: RunFolder) -> None:
    edit_lines(folder.path / "log.jsonl", lambda rows: rows.pop(10))


def drop_message(folder: RunFolder) -> None:
    edit_lines(folder.path / "stream.jsonl", lambda rows: rows.pop(10))


def repeat_message(folder: RunFolder) -> None:
    edit_lines(folder.path / "stream.jsonl", lambda rows: rows.insert(10, rows[9]))


def foreign_message(folder: RunFolder) -> None:
    def edit(rows: list[dict[str, Any]]) -> None:
        rows[10]["id"] = "00000000-0000-0000-0000-000000000000"

    edit_lines(folder.path / "stream.jsonl", edit)


def skip_application(folder: RunFolder) -> None:
    edit_lines(folder.path / "applied.jsonl", lambda rows: rows.pop(10))


def repeat_application(folder: RunFolder) -> None:
    def edit(rows: list[dict[str, Any]]) -> None:
        rows.append({**rows[10], "ordinal": len(rows) + 1})

    edit_lines(folder.path / "applied.jsonl", edit)


def swap_applications(folder: RunFolder) -> None:
    def edit(rows: list[dict[str, Any]]) -> None:
        rows[10]["ordinal"], rows[11]["ordinal"] = rows[11]["ordinal"], rows[10]["ordinal"]

    edit_lines(folder.path / "applied.jsonl", edit)


def wrong_total(folder: RunFolder) -> None:
    model = json.loads((folder.path / "read-model.json").read_text())
    model["rows"]["order-1"]["events"] += 1
    (folder.path / "read-model.json").write_text(json.dumps(model))


def wrong_checkpoint(folder: RunFolder) -> None:
    edit_json(folder.path / "read-model.json", checkpoint=3)


def stalled(folder: RunFolder) -> None:
    outcome = json.loads((folder.path / "outcome.json").read_text())
    outcome["convergence"] |= {"applied": 3, "stalled": True, "reason": "nothing moved"}
    (folder.path / "outcome.json").write_text(json.dumps(outcome))


def untranslated_error(folder: RunFolder) -> None:
    def edit(rows: list[dict[str, Any]]) -> None:
        fail = next(r for r in rows if r.get("type") == "fail")
        fail["error"] = {"type": "untranslated", "class": "asyncpg.X", "message": "m"}
        fail["type"] = "info"
        rows.remove(fail)
        rows.append(fail)
        for row in [r for r in rows if r.get("process") == fail["process"] and r is not fail]:
            if row["index"] > fail["index"]:
                row["process"] += 1000

    edit_lines(folder.history, edit)


def late_position(folder: RunFolder) -> None:
    def edit(rows: list[dict[str, Any]]) -> None:
        read = next(
            r
            for r in rows
            if r.get("f") == "read-log" and r["type"] == "ok" and len(r["value"]["events"]) > 2
        )
        del read["value"]["events"][1]

    edit_lines(folder.history, edit)


def stale_version(folder: RunFolder) -> None:
    def edit(rows: list[dict[str, Any]]) -> None:
        answers = [r for r in rows if r.get("f") == "head" and r["type"] == "ok"]
        answers[-1]["value"] = 0

    edit_lines(folder.history, edit)


@pytest.mark.parametrize(
    ("damage", "convicted", "anomaly"),
    [
        (drop_from_log, "acknowledged", "lost-append"),
        (hole_in_log, "dense", "position-gap"),
        (late_position, "dense", "late-position"),
        (drop_message, "carried", "skipped-event"),
        (repeat_message, "carried", "duplicate-event"),
        (foreign_message, "carried", "phantom-event"),
        (skip_application, "applied", "skipped-event"),
        (repeat_application, "applied", "duplicate-event"),
        (swap_applications, "applied", "reordered-event"),
        (wrong_total, "read-model", "read-model-mismatch"),
        (wrong_checkpoint, "read-model", "wrong-checkpoint"),
        (stalled, "converged", "not-converged"),
        (untranslated_error, "errors", "untranslated-error"),
        (stale_version, "linearizable", None),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_each_damage_is_convicted_by_its_name(
    folder: RunFolder, damage: Damage, convicted: str, anomaly: str | None
) -> None:
    damage(folder)
    judgement = judge_run(folder)
    assert judgement.verdict is Verdict.INVALID
    assert verdicts(judgement)[convicted] is Verdict.INVALID
    judged = next(p for p in judgement.properties if p.name == convicted)
    assert judged.anomaly_types
    assert anomaly is None or anomaly in judged.anomaly_types


def interrupted(folder: RunFolder) -> None:
    edit_json(folder.path / "outcome.json", ended="it was interrupted", convergence=None)
    for name in ("log.jsonl", "stream.jsonl", "applied.jsonl", "read-model.json"):
        (folder.path / name).unlink()
    for name in ("changes.jsonl", "documents.json"):
        (folder.path / name).unlink()


def killed(folder: RunFolder) -> None:
    interrupted(folder)
    (folder.path / "outcome.json").unlink()


def still_moving(folder: RunFolder) -> None:
    outcome = json.loads((folder.path / "outcome.json").read_text())
    outcome["convergence"] |= {"applied": 3, "reason": "still moving"}
    (folder.path / "outcome.json").write_text(json.dumps(outcome))
    model = json.loads((folder.path / "read-model.json").read_text())
    rows = [r for r in folder.read_log() or [] if r.position <= 3]
    model |= {"checkpoint": 3, "rows": totals_of(rows)}
    (folder.path / "read-model.json").write_text(json.dumps(model))
    edit_lines(folder.path / "applied.jsonl", lambda applied: applied.__delitem__(slice(3, None)))


def quiet(folder: RunFolder) -> None:
    edit_json(folder.path / "scenario.json", seconds=300.0)


def no_such_fault(folder: RunFolder) -> None:
    edit_lines(
        folder.history,
        lambda rows: rows.remove(next(r for r in rows if r.get("f") == "kill-nats")),
    )


def no_full_read(folder: RunFolder) -> None:
    def edit(rows: list[dict[str, Any]]) -> None:
        over = next(n for n, row in enumerate(rows) if row.get("f") == "traffic-over")
        del rows[over + 1 :]

    edit_lines(folder.history, edit)


@pytest.mark.parametrize(
    ("damage", "property_name", "reason"),
    [
        (interrupted, "evidence", "it was interrupted"),
        (killed, "evidence", "the run never came to an end"),
        (still_moving, "converged", "still moving"),
        (quiet, "evidence", "operations succeeded, at least 3,000 are needed"),
        (no_such_fault, "evidence", "planned, but it never happened: kill-nats"),
        (no_full_read, "evidence", "nobody read the whole log in the end"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_run_that_proves_nothing_does_not_pass(
    folder: RunFolder, damage: Damage, property_name: str, reason: str
) -> None:
    damage(folder)
    judgement = judge_run(folder)
    assert judgement.verdict is Verdict.UNKNOWN
    judged = next(p for p in judgement.properties if p.name == property_name)
    assert judged.verdict is Verdict.UNKNOWN
    assert reason in judged.sentence
    assert exit_code(judgement.verdict) == 3


def test_a_malformed_history_is_no_verdict(folder: RunFolder) -> None:
    with folder.history.open("a") as history:
        history.write("{broken\n")
    with pytest.raises(MalformedHistory):
        judge_run(folder)


def test_a_broken_file_is_named_with_its_line(folder: RunFolder) -> None:
    with (folder.path / "log.jsonl").open("a") as log:
        log.write('{"position": "one"}\n')
    with pytest.raises(NotARun, match=r"log\.jsonl:\d+"):
        judge_run(folder)


def test_a_finding_points_at_the_append_of_its_event(folder: RunFolder) -> None:
    skip_application(folder)
    judgement = judge_run(folder)
    (anomaly,) = next(p for p in judgement.properties if p.name == "applied").anomalies
    skipped = (folder.read_log() or [])[10].id
    assert anomaly.operations
    assert all(
        skipped in judgement.history.operations[index].value["ids"] for index in anomaly.operations
    )
