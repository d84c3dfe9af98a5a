"""Which client did what: the processes of a history, grouped into lanes.

A client whose operation ended unknown goes on under a new process; on the page it stays one lane.
Grouping is for the eye alone, and no two operations of a lane overlap (an operation of unknown
outcome counts until its client gave up on it).
"""

from __future__ import annotations

import bisect
import heapq
import re
from typing import Final

import msgspec

from checker.history.history import History
from checker.operation import Outcome
from checker.report.page.clock import Clock

__all__ = ["LANES_MAX", "Lanes", "assign_lanes"]

LANES_MAX: Final = 64
"""Above this many, lanes are shared by processes that follow one another."""


class Lanes(msgspec.Struct, frozen=True, kw_only=True):
    """``names`` from top to bottom, and the lane of each process."""

    names: tuple[str, ...]
    of_process: dict[int | str, int]


class _Span(msgspec.Struct):
    """The processes of one lane, and the time they take on the axis."""

    name: int | str
    processes: list[int | str]
    begin: int
    end: int
    retired: bool


def assign_lanes(history: History, clock: Clock) -> Lanes:
    """Give each process its lane.

    The header's ``clients`` (a number) decides by Jepsen's rule, process modulo clients, where
    that makes no lane overlap itself. Otherwise a new process takes over the lane of the client
    that gave up last on an operation of unknown outcome.
    """
    spans = _spans(history, clock)
    clients = history.header.get("clients")
    if isinstance(clients, int) and not isinstance(clients, bool) and clients > 0:
        by_client = _by_client(spans, clients)
        if by_client is not None:
            return _named(by_client, "client")
    lanes = _succeed(spans)
    if len(lanes) > LANES_MAX:
        return _named(_pack(lanes), "lane")
    return _named(lanes, "process")


def _spans(history: History, clock: Clock) -> list[_Span]:
    """One span a process, in order of its first invocation."""
    spans: dict[int | str, _Span] = {}
    for operation in history.operations:
        begin = clock.begin(operation)
        end = clock.end(operation)
        retired = operation.outcome is Outcome.INFO and end is not None
        span = spans.get(operation.process)
        if span is None:
            spans[operation.process] = _Span(
                name=operation.process,
                processes=[operation.process],
                begin=begin,
                end=begin if end is None else end,
                retired=retired,
            )
        else:
            span.end = max(span.end, begin if end is None else end)
            span.retired = retired
    return sorted(spans.values(), key=lambda span: span.begin)


def _append(lane: _Span, span: _Span) -> None:
    lane.processes += span.processes
    lane.end = max(lane.end, span.end)
    lane.retired = span.retired


def _by_client(spans: list[_Span], clients: int) -> list[_Span] | None:
    """Lanes by process modulo ``clients``; None where the processes do not keep that rule."""
    lanes: dict[int, _Span] = {}
    for span in spans:
        if not isinstance(span.name, int) or span.name < 0:
            return None
        client = span.name % clients
        lane = lanes.get(client)
        if lane is None:
            # The rule may still break: the spans must then be as they were.
            own = [*span.processes]
            lanes[client] = msgspec.structs.replace(span, name=client, processes=own)
        elif span.begin < lane.end:
            return None
        else:
            _append(lane, span)
    return list(lanes.values())


def _succeed(spans: list[_Span]) -> list[_Span]:
    """Join each process to the lane that an unknown outcome left free last, if there is one."""
    lanes: list[_Span] = []
    free: list[tuple[int, int]] = []  # (end, lane), sorted
    for span in spans:
        found = bisect.bisect_right(free, (span.begin, len(spans))) - 1
        if found >= 0:
            lane = free.pop(found)[1]
            _append(lanes[lane], span)
        else:
            lane = len(lanes)
            lanes.append(span)
        if span.retired:
            bisect.insort(free, (lanes[lane].end, lane))
    return lanes


def _pack(spans: list[_Span]) -> list[_Span]:
    """As few lanes as overlaps allow: each span takes the lane that was free first."""
    lanes: list[_Span] = []
    ends: list[tuple[int, int]] = []
    for span in sorted(spans, key=lambda span: span.begin):
        if ends and ends[0][0] <= span.begin:
            lane = heapq.heappop(ends)[1]
            _append(lanes[lane], span)
        else:
            lane = len(lanes)
            lanes.append(span)
        heapq.heappush(ends, (lanes[lane].end, lane))
    return lanes


def _named(lanes: list[_Span], noun: str) -> Lanes:
    """Order lanes by their first process, numbers as numbers, and name them."""
    ordered = sorted(lanes, key=lambda lane: _natural(lane.name))
    names = []
    of_process: dict[int | str, int] = {}
    for place, lane in enumerate(ordered):
        name = place if noun == "lane" else lane.name
        names.append(f"{noun} {name}" if isinstance(name, int) else name)
        of_process.update(dict.fromkeys(lane.processes, place))
    return Lanes(names=tuple(names), of_process=of_process)


def _natural(name: int | str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that puts "client-2" before "client-10", and numbers before words."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", str(name))
        if part
    )
