"""A run that proves nothing does not pass, and says what was missing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from checker import History, HistoryBuilder, Outcome, Verdict
from verification.artefacts import RunOutcome
from verification.judge.evidence import COMPLETE, TRAFFIC_OVER, judge_evidence
from verification.judge.property import Property
from verification.scenarios import Scenario

SCENARIO = Scenario(seed=1, seconds=3)
ENDED = RunOutcome(ended=COMPLETE, started_at="2026-01-01T00:00:00+00:00")
CONFLICT = {"type": "wrong-expected-version", "actual": 1}
ANSWERS: dict[str, Any] = {
    "append": {"version": 1, "position": 1},
    "read": {"events": []},
    "read-log": {"events": []},
    "version": 0,
    "head": 0,
}


class _Histories(HistoryBuilder):
    """Writes whole operations."""

    def request(self, process: int, f: str) -> None:
        key = "order-1" if f in {"append", "read", "version"} else None
        value = {"ids": ["x"], "expected": "any"} if f == "append" else {"after": 0, "limit": 1}
        self.invoke(process, f, key=key, value=value)
        self.complete(process, Outcome.OK, output=ANSWERS[f])

    def conflict(self, process: int) -> None:
        self.invoke(process, "append", key="order-1", value={"ids": ["y"], "expected": 0})
        self.complete(process, Outcome.FAIL, error=CONFLICT)

    def faults(self) -> None:
        for fault in SCENARIO.faults:
            self.nemesis(fault.starts_as)
            self.nemesis(fault.ends_as)


def history_of(
    *,
    clients: Sequence[int] = range(10),
    requests: Sequence[str] = (*ANSWERS, *ANSWERS),
    conflicts: int = 1,
    faults: bool = True,
    calm: bool = True,
    final: Sequence[str] = ("read", "read-log"),
) -> History:
    """Make a history that proves something, but for what the arguments take away."""
    builder = _Histories()
    for client, f in itertools.product(clients, requests):
        builder.request(client, f)
    for _ in range(conflicts):
        builder.conflict(clients[0])
    if faults:
        builder.faults()
    for client in clients if calm else ():
        builder.request(client, "append")
    builder.nemesis(TRAFFIC_OVER)
    for f in final:
        builder.request(100, f)
    return builder.build()


def judge(history: History, outcome: RunOutcome | None = ENDED) -> Property:
    return judge_evidence(history, SCENARIO, outcome)


def unknown_because(history: History) -> str:
    judged = judge(history)
    assert judged.verdict is Verdict.UNKNOWN
    return judged.sentence


def test_enough_of_everything_is_evidence() -> None:
    judged = judge(history_of())
    assert judged.verdict is Verdict.VALID
    assert judged.sentence == "111 requests, 4 faults"


def test_too_little_traffic_is_none() -> None:
    said = unknown_because(history_of(requests=()))
    assert "only 10 operations succeeded, at least 30 are needed" in said


def test_too_few_clients_are_none() -> None:
    said = unknown_because(history_of(clients=range(7)))
    assert said == "only 7 clients ever succeeded, at least 8 are needed"


def test_a_client_that_lost_track_is_still_one_client() -> None:
    said = unknown_because(history_of(clients=[0, 10, 20, 30, 1, 11, 21, 31]))
    assert said == "only 2 clients ever succeeded, at least 8 are needed"


def test_each_kind_of_request_must_have_succeeded() -> None:
    said = unknown_because(history_of(requests=("append", "read", "version") * 2))
    assert said == "no read-log and no head ever succeeded"


def test_streams_that_nobody_fought_for_are_none() -> None:
    said = unknown_because(history_of(conflicts=0))
    assert "the streams were not contended" in said


def test_a_fault_that_never_fired_is_named() -> None:
    said = unknown_because(history_of(faults=False))
    assert "never happened: kill-nats, kill-postgres, kill-projector, kill-relay" in said


def test_nothing_after_the_last_fault_is_none() -> None:
    assert unknown_because(history_of(calm=False)) == "no append succeeded after the last fault"


def test_the_log_must_be_read_in_the_end() -> None:
    said = unknown_because(history_of(final=("read",)))
    assert said == "nobody read the whole log in the end"


def test_every_stream_must_be_read_in_the_end() -> None:
    said = unknown_because(history_of(final=("read-log",)))
    assert said == "nobody read 1 of 1 streams in the end"


def test_a_run_that_did_not_end_says_only_that() -> None:
    assert judge(history_of(requests=()), None).sentence == "the run never came to an end"
    stopped = RunOutcome(ended="it was interrupted", started_at="")
    sentence = judge(history_of(requests=()), stopped).sentence
    assert sentence == "the run did not complete: it was interrupted"
