"""The judgement on paper: `verdict.json` for machines, and the page for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from checker import Verdict
from checker.report.page import Section, write_page
from verification.artefacts import RunFolder
from verification.judge.judgement import Judgement
from verification.judge.property import Property

__all__ = ["SCHEMA", "judge_again_command", "verdict_document", "write_judgement"]

SCHEMA: Final = "trueorder.result/1"


def judge_again_command(folder: RunFolder) -> str:
    """The one command that judges a stored run again."""
    return f"trueorder judge {folder.path}"


def verdict_document(judgement: Judgement, folder: RunFolder) -> dict[str, Any]:
    """Make the `trueorder.result/1` document of a run.

    ``files`` has the history as `checker verify --json` would show it; ``properties`` has
    everything that the run was judged for.
    """
    check = judgement.check
    return {
        "schema": SCHEMA,
        "verdict": judgement.verdict,
        "scenario": judgement.scenario,
        "anomalies": judgement.anomaly_types,
        "properties": judgement.properties,
        "files": [
            {
                "file": folder.history.name,
                "model": check.model,
                "consistency": check.consistency,
                "operations": check.operations,
                "verdict": check.verdict,
                "algorithm": check.algorithm,
                "seconds": check.seconds,
                "peak_bytes": check.peak_bytes,
                "reason": check.reason,
                "anomalies": check.anomalies,
            }
        ],
    }


def write_judgement(judgement: Judgement, folder: RunFolder) -> None:
    """Write the verdict and the page into the run folder."""
    folder.write_verdict(msgspec.to_builtins(verdict_document(judgement, folder)))
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
            facts[f"{server}: {name}"] = str(value)
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
