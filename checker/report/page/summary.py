"""The head of the page: the verdict in plain words, what was judged, and the properties."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from checker.history.history import History
from checker.operation import Outcome
from checker.report.page.clock import Clock
from checker.report.page.section import Section
from checker.report.page.wording import label_text, span_text
from checker.report.wording import count_text
from checker.result import CheckResult
from checker.verdict import PartitionResult, Verdict, worst

__all__ = ["PARTITIONS_MAX", "PartitionRow", "Property", "Summary", "claim_of", "summarize"]

PARTITIONS_MAX: Final = 100
_WORDS: Final = {Verdict.VALID: "Valid", Verdict.INVALID: "INVALID", Verdict.UNKNOWN: "Unknown"}


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """One claim and its verdict."""

    title: str
    verdict: Verdict | None
    sentence: str
    rows: tuple[tuple[str, str], ...] = ()


class PartitionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One independently judged part of the history."""

    key: str
    verdict: Verdict
    operations: int
    algorithm: str
    took: str
    remark: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What the head of the page says."""

    verdict: Verdict
    word: str
    sentence: str
    counts: tuple[tuple[str, str, str], ...]
    """Name, value, and the outcome whose colour marks it (or the empty text)."""
    properties: tuple[Property, ...]
    partitions: tuple[PartitionRow, ...]
    partitions_total: int


def claim_of(result: CheckResult) -> str:
    """The property that the checker's own verdict answers."""
    return f"The history is {result.consistency}"


def summarize(
    history: History,
    clock: Clock,
    result: CheckResult,
    sections: Sequence[Section],
    *,
    clients: int,
    keys: int,
    faults: int,
) -> Summary:
    """Say what was judged and how it ended; the worst verdict is the headline."""
    own = Property(
        title=claim_of(result),
        verdict=result.verdict,
        sentence=_evidence_sentence(result),
    )
    verdict = worst([result.verdict, *(s.verdict for s in sections if s.verdict is not None)])
    parts = sorted(result.partitions, key=lambda part: (-part.verdict.severity, -part.operations))
    return Summary(
        verdict=verdict,
        word=_WORDS[verdict],
        sentence=_sentence(history, result, sections, verdict, clients),
        counts=_counts(history, clock, clients=clients, keys=keys, faults=faults),
        properties=(
            own,
            *(
                Property(title=s.title, verdict=s.verdict, sentence=s.sentence, rows=s.rows)
                for s in sections
            ),
        ),
        partitions=tuple(_partition_row(part) for part in parts[:PARTITIONS_MAX]),
        partitions_total=len(parts),
    )


def _sentence(
    history: History,
    result: CheckResult,
    sections: Sequence[Section],
    verdict: Verdict,
    clients: int,
) -> str:
    """What was judged and what came out, the checker's part first."""
    judged = (
        f"{count_text(len(history), 'operation')} of {count_text(clients, 'client')}, "
        f"judged by the model “{result.model}”: {_own_outcome(result)}"
    )
    bad = [s.title for s in sections if s.verdict is verdict is not Verdict.VALID]
    if bad:
        joint = "and" if verdict is result.verdict else "but"
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        outcome = "does not hold" if verdict is Verdict.INVALID else "could not be decided"
        return f"{judged}, {joint} “{bad[0]}”{more} {outcome}."
    proved = sum(section.verdict is Verdict.VALID for section in sections)
    if verdict is Verdict.VALID and proved:
        return (
            f"{judged}, and {proved} more {'property holds' if proved == 1 else 'properties hold'}."
        )
    return f"{judged}."


def _own_outcome(result: CheckResult) -> str:
    if result.verdict is Verdict.VALID:
        return f"some order explains every answer, so the history is {result.consistency}"
    if result.verdict is Verdict.INVALID:
        return (
            "no order explains what the clients were answered, "
            f"so the history is not {result.consistency}"
        )
    reason = result.reason.strip().rstrip(".") or "the check ended before it could decide"
    return f"no violation was found, but nothing is proved either: {reason}"


def _counts(
    history: History, clock: Clock, *, clients: int, keys: int, faults: int
) -> tuple[tuple[str, str, str], ...]:
    outcomes = Counter(operation.outcome for operation in history.operations)
    length = span_text(clock.length) if clock.timed else f"{clock.length:,} events"
    return (
        ("operations", f"{len(history):,}", ""),
        ("ok", f"{outcomes[Outcome.OK]:,}", "ok"),
        ("fail", f"{outcomes[Outcome.FAIL]:,}", "fail"),
        ("info", f"{outcomes[Outcome.INFO]:,}", "info"),
        ("client" if clients == 1 else "clients", f"{clients:,}", ""),
        ("key" if keys == 1 else "keys", f"{keys:,}", ""),
        ("fault" if faults == 1 else "faults", f"{faults:,}", ""),
        ("duration", length, ""),
    )


def _evidence_sentence(result: CheckResult) -> str:
    held = Counter(part.verdict for part in result.partitions)
    parts = len(result.partitions)
    took = span_text(result.seconds * 10**9)
    by = f"model {result.model}, {result.algorithm}, decided in {took}"
    if parts <= 1:
        return f"Judged as one object: {by}."
    if held[result.verdict] == parts:
        return f"{parts:,} independent parts, all {result.verdict.value}: {by}."
    tally = [
        f"{held[verdict]:,} {verdict.value}"
        for verdict in (Verdict.INVALID, Verdict.UNKNOWN, Verdict.VALID)
        if held[verdict]
    ]
    return f"{parts:,} independent parts, {', '.join(tally)}: {by}."


def _partition_row(part: PartitionResult) -> PartitionRow:
    remark = part.reason
    if part.anomalies:
        remark = ", ".join(dict.fromkeys(anomaly.type for anomaly in part.anomalies))
    return PartitionRow(
        key="(no key)" if part.key is None else label_text(part.key, 200),
        verdict=part.verdict,
        operations=part.operations,
        algorithm=part.algorithm,
        took=span_text(part.seconds * 10**9),
        remark=remark,
    )
