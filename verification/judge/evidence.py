"""Does the run prove anything? A quiet run, or one whose faults never fired, does not pass.

The rules are those of etcd's and Jepsen's harnesses: enough traffic, by enough clients at once, of
every kind; every fault that was planned fired, was undone, and was followed by successful
traffic; and at the end somebody read everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from checker import History, Operation, Outcome, Verdict
from verification.artefacts import RunOutcome
from verification.judge.property import Property
from verification.scenarios import CLIENTS_MIN, Scenario

__all__ = ["TRAFFIC_OVER", "judge_evidence"]

TRAFFIC_OVER: Final = "traffic-over"
"""The nemesis event between the traffic and the full read that ends a run."""

COMPLETE: Final = "complete"
OK_PER_SECOND_MIN: Final = 10.0
REQUESTS: Final = ("append", "read", "read-log", "version", "head")


def judge_evidence(history: History, scenario: Scenario, outcome: RunOutcome | None) -> Property:
    """Judge whether the run can prove anything; if not, the verdict is unknown, with reasons."""
    traffic, final = _split(history)
    # What else is missing in a run that did not end follows from that.
    reasons = list(_unfinished(outcome)) or [
        *_too_quiet(traffic, scenario),
        *_faults_missed(history, traffic, scenario),
        *_unread(final, history),
    ]
    sentence = f"{len(traffic):,} requests, {len(scenario.faults)} faults"
    return Property(
        name="evidence",
        title="The run proves something",
        verdict=Verdict.UNKNOWN if reasons else Verdict.VALID,
        sentence="; ".join(reasons) if reasons else sentence,
    )


def _split(history: History) -> tuple[list[Operation], list[Operation]]:
    over = next((event.time for event in history.nemesis if event.f == TRAFFIC_OVER), None)
    if over is None:
        return list(history), []
    traffic = [operation for operation in history if operation.time_invoked < over]
    return traffic, [operation for operation in history if operation.time_invoked >= over]


def _unfinished(outcome: RunOutcome | None) -> Iterator[str]:
    if outcome is None:
        yield "the run never came to an end"
    elif outcome.ended != COMPLETE:
        yield f"the run did not complete: {outcome.ended}"


def _too_quiet(traffic: list[Operation], scenario: Scenario) -> Iterator[str]:
    ok = [operation for operation in traffic if operation.outcome is Outcome.OK]
    wanted = int(scenario.seconds * OK_PER_SECOND_MIN)
    if len(ok) < wanted:
        yield f"only {len(ok):,} operations succeeded, at least {wanted:,} are needed"
    clients = {_client(operation, scenario) for operation in ok}
    if len(clients) < CLIENTS_MIN:
        yield f"only {len(clients)} clients ever succeeded, at least {CLIENTS_MIN} are needed"
    counts = Counter(operation.f for operation in ok)
    missing = [f for f in REQUESTS if not counts[f]]
    if missing:
        yield f"no {' and no '.join(missing)} ever succeeded"
    if not any(_is_conflict(operation) for operation in traffic):
        yield "no append met a wrong expected version, so the streams were not contended"


def _client(operation: Operation, scenario: Scenario) -> Any:
    process = operation.process
    return process % scenario.clients if isinstance(process, int) else process


def _is_conflict(operation: Operation) -> bool:
    error = operation.error
    return isinstance(error, dict) and error.get("type") == "wrong-expected-version"


def _faults_missed(history: History, traffic: list[Operation], scenario: Scenario) -> Iterator[str]:
    fired = Counter(event.f for event in history.nemesis)
    planned = Counter(
        word for fault in scenario.faults for word in (fault.starts_as, fault.ends_as)
    )
    missing = planned - fired
    if missing:
        yield f"planned, but it never happened: {', '.join(sorted(missing))}"
    ends = {fault.ends_as for fault in scenario.faults}
    undone = max((event.time for event in history.nemesis if event.f in ends), default=0)
    survived = any(
        operation.f == "append"
        and operation.outcome is Outcome.OK
        and operation.time_invoked > undone
        for operation in traffic
    )
    if not survived:
        yield "no append succeeded after the last fault"


def _unread(final: list[Operation], history: History) -> Iterator[str]:
    whole = [o for o in final if o.outcome is Outcome.OK and _is_last_page(o)]
    if not any(operation.f == "read-log" for operation in whole):
        yield "nobody read the whole log in the end"
    read = {operation.key for operation in whole if operation.f == "read"}
    written = {o.key for o in history if o.f == "append" and o.outcome is Outcome.OK}
    if written - read:
        yield f"nobody read {len(written - read)} of {len(written)} streams in the end"


def _is_last_page(operation: Operation) -> bool:
    return (
        operation.f in {"read", "read-log"}
        and len(operation.output["events"]) < operation.value["limit"]
    )
