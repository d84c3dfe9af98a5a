"""The axis, and the lanes that clients get on it."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from checker import History, HistoryBuilder, Outcome
from checker.report.page.clock import Clock
from checker.report.page.lanes import LANES_MAX, Lanes, assign_lanes
from tests.checker.report.synthetic import synthetic_history


def lanes_of(history: History) -> Lanes:
    return assign_lanes(history, Clock.of(history))


def assert_no_lane_overlaps(history: History, lanes: Lanes) -> None:
    clock = Clock.of(history)
    spans = defaultdict(list)
    for op in history:
        end = clock.end(op)
        begin = clock.begin(op)
        spans[lanes.of_process[op.process]].append((begin, begin if end is None else end))
    for lane in spans.values():
        lane.sort()
        for (_, end), (begin, _) in pairwise(lane):
            assert end <= begin


def test_axis_starts_at_the_first_thing_that_happened() -> None:
    builder = HistoryBuilder()
    builder.nemesis("kill-nats", time=900)
    builder.invoke(0, "read", time=1_000)
    builder.complete(0, Outcome.OK, output=1, time=1_400)
    clock = Clock.of(builder.build())
    assert clock == Clock(timed=True, start=900, length=500)


def test_axis_counts_events_where_a_history_has_no_times() -> None:
    builder = HistoryBuilder()
    builder.invoke(0, "read")
    builder.invoke(1, "read")
    builder.complete(0, Outcome.OK, output=1)
    builder.complete(1, Outcome.INFO)
    history = builder.build()
    clock = Clock.of(history)
    assert not clock.timed
    assert [clock.end(op) for op in history] == [2, 3]
    assert clock.length == 4


def test_axis_counts_events_where_all_times_are_equal() -> None:
    builder = HistoryBuilder()
    for process in range(3):
        builder.invoke(process, "read", time=0)
        builder.complete(process, Outcome.OK, output=1, time=0)
    assert not Clock.of(builder.build()).timed


def test_axis_of_an_empty_history_has_a_length() -> None:
    assert Clock.of(HistoryBuilder().build()).length == 1


def test_client_keeps_its_lane_by_the_number_of_clients_in_the_header() -> None:
    history = synthetic_history(operations=3_000, clients=4)
    lanes = lanes_of(history)
    assert lanes.names == ("client 0", "client 1", "client 2", "client 3")
    assert len(lanes.of_process) > 4
    assert all(lane == process % 4 for process, lane in lanes.of_process.items())


def test_client_keeps_its_lane_without_a_header() -> None:
    history = msgspec.structs.replace(synthetic_history(operations=3_000, clients=4), header={})
    lanes = lanes_of(history)
    assert lanes.names == ("process 0", "process 1", "process 2", "process 3")
    assert_no_lane_overlaps(history, lanes)


def test_header_that_would_make_a_lane_overlap_itself_is_not_believed() -> None:
    builder = HistoryBuilder(header={"clients": 2})
    for process in (0, 2):
        builder.invoke(process, "read", time=process)
    for process in (0, 2):
        builder.complete(process, Outcome.OK, time=10 + process)
    assert lanes_of(builder.build()).names == ("process 0", "process 2")


def test_processes_that_ended_well_keep_lanes_of_their_own() -> None:
    builder = HistoryBuilder()
    for process in ("writer", "reader"):
        builder.invoke(process, "read")
        builder.complete(process, Outcome.OK)
    assert lanes_of(builder.build()).names == ("reader", "writer")


def test_lanes_are_ordered_as_people_count() -> None:
    builder = HistoryBuilder()
    for process in ("client-10", "client-9", "client-1"):
        builder.invoke(process, "read")
    assert lanes_of(builder.build()).names == ("client-1", "client-9", "client-10")


def test_thousands_of_short_processes_share_lanes() -> None:
    builder = HistoryBuilder()
    for process in range(5_000):
        builder.invoke(process, "read", time=2 * process)
        builder.complete(process, Outcome.OK, time=2 * process + 1)
    history = builder.build()
    lanes = lanes_of(history)
    assert len(lanes.names) <= LANES_MAX
    assert_no_lane_overlaps(history, lanes)


steps = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(list(Outcome)), st.integers(0, 5)), max_size=60
)


# The header's rule holds for a while, and then breaks.
@example(
    steps=[
        (1, Outcome.OK, 0),
        (2, Outcome.OK, 0),
        (2, Outcome.INFO, 0),
        (2, Outcome.OK, 0),
        (1, Outcome.INFO, 1),
        (1, Outcome.OK, 0),
        (0, Outcome.OK, 0),
        (2, Outcome.OK, 1),
    ],
    clients=3,
)
@given(steps=steps, clients=st.none() | st.integers(1, 5))
def test_no_lane_ever_overlaps_itself(
    steps: list[tuple[int, Outcome, int]], clients: int | None
) -> None:
    builder = HistoryBuilder(header={} if clients is None else {"clients": clients})
    process = {client: client for client in range(4)}
    opened: set[int] = set()
    time = 0
    for client, outcome, pause in steps:
        time += pause
        if client in opened:
            builder.complete(process[client], outcome, time=time)
            opened.discard(client)
            if outcome is Outcome.INFO:
                process[client] += 4
        else:
            builder.invoke(process[client], "read", time=time)
            opened.add(client)
    history = builder.build()
    lanes = lanes_of(history)
    assert set(lanes.of_process) == {op.process for op in history}
    assert_no_lane_overlaps(history, lanes)
