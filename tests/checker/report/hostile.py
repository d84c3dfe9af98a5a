"""A page made of values that try to be markup, code, and the end of their element."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from checker import (
    Anomaly,
    CheckResult,
    HistoryBuilder,
    Outcome,
    PartitionResult,
    Partitions,
    Verdict,
)
from checker.report.page import Section, write_page

HOSTILE = (
    "</script></style></title><script>window.pwned = 1</script>"
    "<img src=x onerror='window.pwned = 2'>\"'><b-hostile>{{ 7 * 7 }}${alert(1)}\u202e"
)
UNSPEAKABLE = "\ud800 \x00 \u2028"


def hostile_page(path: Path) -> None:
    """Put hostile text into every field that a caller or a history can fill."""
    builder = HistoryBuilder(source=f"{HOSTILE.replace('/', '')}.jsonl")
    builder.nemesis(f"kill-{HOSTILE}", {HOSTILE: UNSPEAKABLE}, time=1)
    for number, outcome in enumerate(Outcome):
        process = f"{HOSTILE} {number}"
        value: Any = [HOSTILE, {"__proto__": HOSTILE}, UNSPEAKABLE, number]
        builder.invoke(process, HOSTILE, key=f"{HOSTILE} {number}", value=value, time=number + 1)
        builder.complete(
            process, outcome, output=HOSTILE, error={"type": HOSTILE}, time=number + 500
        )
    history = builder.build()
    anomaly = Anomaly(type=HOSTILE, operations=(0, 1), explanation=HOSTILE + UNSPEAKABLE)
    partitions = tuple(
        PartitionResult(
            key=f"{HOSTILE} {number}",
            verdict=Verdict.INVALID,
            algorithm=HOSTILE,
            operations=1,
            seconds=0.1,
            reason=HOSTILE,
            anomalies=(anomaly,),
        )
        for number in range(2)
    )
    result = CheckResult(
        model=HOSTILE,
        consistency=HOSTILE,
        verdict=Verdict.INVALID,
        algorithm=HOSTILE,
        operations=len(history),
        seconds=0.1,
        partitions=Partitions.of(partitions),
    )
    section = Section(
        title=HOSTILE,
        verdict=Verdict.INVALID,
        sentence=HOSTILE,
        anomalies=(anomaly,),
        rows=((HOSTILE, HOSTILE),),
    )
    write_page(
        path,
        history,
        result,
        title=HOSTILE,
        sections=[section],
        facts={HOSTILE: HOSTILE},
        reproduce=HOSTILE,
    )
