"""Judge a run folder: every property, in the order in which a reader wants to know."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from checker import CheckResult, History, Limits, Verdict, worst
from checker.delivery import Log, LogEntry, check_log
from checker.history.formats import read_history
from verification.artefacts import LogRow, RunFolder, RunOutcome
from verification.judge.delivery import (
    judge_applied,
    judge_carried,
    judge_converged,
    judge_read_model,
)
from verification.judge.evidence import judge_evidence
from verification.judge.feed import judge_changes, judge_documents, judge_feed
from verification.judge.history import (
    judge_acknowledged,
    judge_errors,
    judge_holes,
    judge_linearizable,
)
from verification.judge.property import OperationsOfEvents, Property, appends_by_event
from verification.scenarios import Scenario

__all__ = ["Judgement", "judge_run"]


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """A run, judged: its properties, and the history with its verdict for the page."""

    scenario: Scenario
    history: History
    check: CheckResult
    properties: tuple[Property, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all properties."""
        return worst(judged.verdict for judged in self.properties)

    @property
    def anomaly_types(self) -> tuple[str, ...]:
        """The names of everything that was found, worst evidence first as the properties come."""
        return tuple(
            dict.fromkeys(type_ for judged in self.properties for type_ in judged.anomaly_types)
        )

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why properties are unknown."""
        return tuple(p.sentence for p in self.properties if p.verdict is Verdict.UNKNOWN)


def judge_run(folder: RunFolder, limits: Limits | None = None) -> Judgement:
    """Judge a run from its folder alone.

    Raises:
        NotARun: a file of the folder cannot be read.
        MalformedHistory: the history cannot have been observed as it is written.
    """
    scenario = folder.read_scenario()
    outcome = folder.read_outcome()
    history = read_history(folder.history)
    operations = appends_by_event(history)
    linearizable, check = judge_linearizable(history, limits)
    return Judgement(
        scenario=scenario,
        history=history,
        check=check,
        properties=(
            judge_evidence(history, scenario, outcome),
            linearizable,
            judge_errors(history),
            *_of_the_log(folder, history, operations),
            judge_converged(outcome.convergence if outcome else None),
            *_of_the_deliveries(folder, outcome, operations),
            *(_of_the_feed(folder, outcome) if scenario.feed else ()),
        ),
    )


def _of_the_log(
    folder: RunFolder, history: History, operations: OperationsOfEvents
) -> Iterator[Property]:
    rows = folder.read_log()
    if rows is None:
        yield _not_collected("log", "The log keeps what was acknowledged")
        return
    entries = _entries(rows)
    log = Log(entries)
    yield judge_acknowledged(history, log, operations)
    yield judge_holes(history, log, check_log(entries), operations)


def _of_the_deliveries(
    folder: RunFolder, outcome: RunOutcome | None, operations: OperationsOfEvents
) -> Iterator[Property]:
    rows = folder.read_log()
    stream, applied, model = folder.read_stream(), folder.read_applied(), folder.read_read_model()
    if rows is None or stream is None or applied is None or model is None:
        yield _not_collected("delivered", "Each event was applied once, in order")
        return
    log = Log(_entries(rows))
    convergence = outcome.convergence if outcome else None
    carried = convergence is not None and convergence.carried == convergence.head
    # What a projector that never arrived was due is what it says it has done.
    until = log.head if convergence is not None and convergence.reached else model.checkpoint
    yield judge_carried(log, stream, operations, complete=carried)
    yield judge_applied(log, applied, operations, until=until)
    yield judge_read_model(rows, model, until=until)


def _of_the_feed(folder: RunFolder, outcome: RunOutcome | None) -> Iterator[Property]:
    rows, changes, documents = folder.read_log(), folder.read_changes(), folder.read_documents()
    if rows is None or changes is None or documents is None:
        yield _not_collected("feed", "Stream and bucket fold to the documents")
        return
    convergence = outcome.convergence if outcome else None
    reached = convergence is not None and convergence.reached
    head = max((row.position for row in rows), default=0)
    yield judge_documents(rows, documents, until=head if reached else documents.checkpoint)
    yield judge_changes(changes)
    if reached:  # else somebody was not told of everything yet, and `converged` says so
        yield judge_feed(changes, documents)


def _entries(rows: list[LogRow]) -> list[LogEntry]:
    return [LogEntry(row.position, row.stream, row.version, row.id) for row in rows]


def _not_collected(name: str, title: str) -> Property:
    return Property(
        name=name,
        title=title,
        verdict=Verdict.UNKNOWN,
        sentence="the run ended before that",
    )
