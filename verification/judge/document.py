"""The judgement on paper: `verdict.json` for machines, and the page for people."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import msgspec

from checker import Verdict
from checker.report.file_report import FileReport, FileVerdict
from checker.report.machine import json_document
from checker.report.page import Section, write_page
from verification.artefacts import RunFolder
from verification.judge.judgement import Judgement
from verification.judge.property import Property

__all__ = ["exit_code", "judge_again_command", "verdict_document", "write_judgement"]


def judge_again_command(folder: RunFolder) -> str:
    """The one command that judges a stored run again."""
    return f"trueorder judge {folder.path}"


def verdict_document(judgement: Judgement, folder: RunFolder) -> dict[str, Any]:
    """Make the `trueorder.result/1` document of a run.

    It is what `checker verify --json` says of the history, and beside it ``properties``: everything
    that the run was judged for. ``verdict`` is the worst of them, ``anomalies`` all their names.
    """
    check = judgement.check
    report = FileReport(
        file=folder.history.name,
        verdict=FileVerdict(check.verdict),
        history=judgement.history,
        result=check,
        model=check.model,
        model_source="option",
        reason=check.reason,
    )
    document: dict[str, Any] = msgspec.json.decode(
        json_document([report], version=version("trueorder"))
    )
    properties = {
        "verdict": judgement.verdict,
        "anomalies": judgement.anomaly_types,
        "scenario": judgement.scenario,
        "properties": judgement.properties,
    }
    return {**document, **msgspec.to_builtins(properties), "files": document["files"]}


def write_judgement(judgement: Judgement, folder: RunFolder) -> None:
    """Write the verdict and the page into the run folder."""
    folder.write_verdict(verdict_document(judgement, folder))
    mutant = judgement.scenario.mutant
    write_page(
        folder.report,
        judgement.history,
        judgement.check,
        title=f"Trueorder {judgement.scenario.name}, seed {judgement.scenario.seed}"
        + (f", with the planted bug {mutant}" if mutant else ""),
        sections=[
            _section(judged) for judged in judgement.properties if judged.name != "linearizable"
        ],
        facts=facts_of(judgement, folder.read_servers()),
        reproduce=judge_again_command(folder),
    )


def facts_of(judgement: Judgement, servers: Mapping[str, Any]) -> dict[str, str]:
    """Name what the run ran with, for the page's table."""
    scenario = judgement.scenario
    facts = {
        "Run it again": scenario.command,
        "Seed": str(scenario.seed),
        "Traffic": f"{scenario.seconds:g} s, {scenario.clients} clients",
        "Planted bug": scenario.mutant or "none",
    }
    for server, settings in servers.items():
        for name, value in settings.items():
            facts[f"{server} {name}"] = str(value)
    return facts


def _section(judged: Property) -> Section:
    more = judged.anomalies_total - len(judged.anomalies)
    return Section(
        title=judged.title,
        verdict=judged.verdict,
        sentence=judged.sentence,
        anomalies=judged.anomalies,
        rows=(("Not shown here", f"{more:,} more anomalies"),) if more else (),
    )


def exit_code(verdict: Verdict) -> int:
    """The exit code of a judged run: 0 valid, 1 invalid, 3 unknown."""
    return {Verdict.VALID: 0, Verdict.INVALID: 1, Verdict.UNKNOWN: 3}[verdict]
