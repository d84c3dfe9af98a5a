"""The generator: one seed, one mind; it asks for everything, and never for too much."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from checker import Outcome
from eventstore import Expect
from verification.workloads.contended import ContendedWorkload, Traffic, streams_of
from verification.workloads.requests import Append, ReadLog, ReadStream, Reply, Request

UNKNOWN = Reply(outcome=Outcome.INFO, error={"type": "outcome-unknown", "message": ""})


def answer(request: Request, number: int) -> Reply:
    """Answer as a store might: appends pile up, every seventh outcome is unknown."""
    if number % 7 == 0:
        return UNKNOWN
    output: Any = {"events": []}
    if isinstance(request, Append):
        output = {"version": number, "position": number}
    elif request.f in {"version", "head"}:
        output = number
    elif isinstance(request, ReadStream):
        output = {"events": [[number, "id", number]]}
    elif isinstance(request, ReadLog):
        output = {"events": [[number, "order-1", number, "id"]]}
    return Reply(outcome=Outcome.OK, output=output)


def requests_of(seed: int, client: int, count: int) -> list[Request]:
    workload = ContendedWorkload(seed, client, Traffic())
    asked = []
    for number in range(1, count + 1):
        request = workload.next()
        workload.learn(request, answer(request, number))
        asked.append(request)
    return asked


@pytest.mark.parametrize("seed", [0, 1, 2**40])
def test_the_same_seed_and_answers_give_the_same_requests(seed: int) -> None:
    assert requests_of(seed, 3, 500) == requests_of(seed, 3, 500)


def test_another_seed_or_client_asks_otherwise() -> None:
    assert requests_of(1, 0, 50) != requests_of(2, 0, 50)
    assert requests_of(1, 0, 50) != requests_of(1, 1, 50)


def test_every_kind_of_request_and_expectation_is_asked_for() -> None:
    asked = requests_of(5, 0, 1000)
    assert set(Counter(request.f for request in asked)) == {
        "append",
        "read",
        "read-log",
        "version",
        "head",
    }
    appends = [request for request in asked if isinstance(request, Append)]
    assert {a.expected for a in appends if isinstance(a.expected, Expect)} == set(Expect)
    assert any(not isinstance(a.expected, Expect) for a in appends)
    assert {len(a.events) for a in appends} == {1, 2, 3}
    assert {a.stream for a in appends} <= set(streams_of(Traffic()))


def test_every_read_has_a_limit() -> None:
    pages = [r for r in requests_of(5, 0, 1000) if isinstance(r, ReadStream | ReadLog)]
    assert {page.limit for page in pages} == {10, 100}
    assert all(page.after >= 0 for page in pages)


def test_an_append_with_unknown_outcome_is_repeated_as_it_was() -> None:
    workload = ContendedWorkload(1, 0, Traffic())
    append = next(r for r in iter(workload.next, None) if isinstance(r, Append))
    workload.learn(append, UNKNOWN)
    assert append in [workload.next() for _ in range(40)]


def test_ids_are_never_used_for_two_appends() -> None:
    owner: dict[str, Append] = {}
    for client in range(4):
        for request in requests_of(9, client, 400):
            if isinstance(request, Append):
                for event in request.events:
                    assert owner.setdefault(str(event.id), request) == request


def test_an_exact_expectation_comes_from_what_the_client_was_told() -> None:
    workload = ContendedWorkload(1, 0, Traffic(hot_streams=1))
    conflict = Reply(outcome=Outcome.FAIL, error={"type": "wrong-expected-version", "actual": 41})
    append = next(r for r in iter(workload.next, None) if isinstance(r, Append))
    while append.stream != "order-1":
        append = next(r for r in iter(workload.next, None) if isinstance(r, Append))
    workload.learn(append, conflict)
    later = [r for r in (workload.next() for _ in range(200)) if isinstance(r, Append)]
    exact = {a.expected for a in later if not isinstance(a.expected, Expect)}
    assert exact == {38, 39, 40, 41}
