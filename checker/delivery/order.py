"""Exactly once, in order: what reached a consumer, against the log it follows.

A consumer that keeps its promise received the log's prefix: every event once, in position order,
and nothing else. A *redelivery* that the consumer recognised and dropped is no delivery; give what
took effect. The names follow the catalogue of ``jepsen.tests.kafka``, re-expressed for dense
positions.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from checker.delivery.finding import IDS_MAX, Finding, runs
from checker.delivery.log import Log

__all__ = ["Delivery", "check_order", "check_places"]


class Delivery(msgspec.Struct, frozen=True):
    """One event that reached a consumer and took effect there.

    ``position`` is the log position that the consumer saw with it; ``place`` is where it stands in
    the consumer's own numbering (a stream sequence), if it has one.
    """

    position: int
    id: str
    place: int | None = None


def check_order(
    log: Log, deliveries: Sequence[Delivery], *, until: int, consumer: str
) -> tuple[Finding, ...]:
    """Check that ``deliveries``, in order, are the log up to position ``until``, each event once.

    Pass the log's head as ``until`` when the consumer had all the time it is allowed, and its last
    position when only what it has seen can be judged. ``consumer`` is the subject of the sentences.

    Finds ``phantom-event``, ``wrong-position``, ``duplicate-event``, ``reordered-event`` and
    ``skipped-event``. Time and memory are linear.
    """
    findings: list[Finding] = []
    delivered: dict[str, int] = {}
    furthest = 0
    for ordinal, delivery in enumerate(deliveries, start=1):
        entry = log.by_id.get(delivery.id)
        if entry is None:
            findings.append(
                Finding(
                    type="phantom-event",
                    explanation=f"{consumer} has event {delivery.id} at position "
                    f"{delivery.position}; the log has no such event",
                    ids=(delivery.id,),
                )
            )
            continue
        if entry.position != delivery.position:
            findings.append(
                Finding(
                    type="wrong-position",
                    explanation=f"{consumer} has event {delivery.id} at position "
                    f"{delivery.position}; in the log it is at {entry.position}",
                    ids=(delivery.id,),
                )
            )
        if delivery.id in delivered:
            findings.append(
                Finding(
                    type="duplicate-event",
                    explanation=f"{consumer} has position {entry.position} of {entry.stream} "
                    f"twice: as its event number {delivered[delivery.id]} and {ordinal}",
                    ids=(delivery.id,),
                )
            )
            continue
        delivered[delivery.id] = ordinal
        if entry.position < furthest:
            findings.append(
                Finding(
                    type="reordered-event",
                    explanation=f"{consumer} has position {entry.position} of {entry.stream} "
                    f"after position {furthest}",
                    ids=(delivery.id,),
                )
            )
        furthest = max(furthest, entry.position)
    return (*findings, *_skipped(log, delivered, until=until, consumer=consumer))


def _skipped(
    log: Log, delivered: dict[str, int], *, until: int, consumer: str
) -> tuple[Finding, ...]:
    missing = [e for e in log.entries if e.position <= until and e.id not in delivered]
    ids = {entry.position: entry.id for entry in missing}
    findings = []
    for first, last in runs(entry.position for entry in missing):
        what = f"position {first}" if first == last else f"positions {first} to {last}"
        findings.append(
            Finding(
                type="skipped-event",
                explanation=f"{consumer} never had {what} of the log, "
                f"though it was to have everything up to {until}",
                ids=tuple(ids[p] for p in range(first, min(last, first + IDS_MAX - 1) + 1)),
                count=last - first + 1,
            )
        )
    return tuple(findings)


def check_places(deliveries: Sequence[Delivery], *, consumer: str) -> tuple[Finding, ...]:
    """Check that every delivery stands at the place that equals its log position.

    Finds ``wrong-sequence``, one for each run of deliveries that are off by the same amount.
    """
    findings: list[Finding] = []
    run: list[Delivery] = []

    def close() -> None:
        if run:
            first, last = run[0], run[-1]
            span = (
                f"sequence {first.place} holds position {first.position}"
                if len(run) == 1
                else f"sequences {first.place} to {last.place} hold positions "
                f"{first.position} to {last.position}"
            )
            findings.append(
                Finding(
                    type="wrong-sequence",
                    explanation=f"{consumer}: {span}; the two must be equal",
                    ids=tuple(delivery.id for delivery in run[:IDS_MAX]),
                    count=len(run),
                )
            )
            run.clear()

    shift = 0
    for delivery in deliveries:
        off = 0 if delivery.place is None else delivery.place - delivery.position
        if off != shift:
            close()
            shift = off
        if off != 0:
            run.append(delivery)
    close()
    return tuple(findings)
