"""The canonical log: which event has which number, put together from everything that was observed.

A ledger numbers events 1, 2, 3 ...: by version in one stream, or by position in the whole log.
Acknowledgements say where a transition went; each event that a read shows fixes its whole
transition. Two pieces of evidence that cannot both be true are an anomaly by themselves, whatever
the order of the operations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from checker.models.describe import shorten
from checker.models.stream_operations import EventId
from checker.monitors.streams.evidence import Evidence, Transition
from checker.monitors.streams.findings import Findings
from checker.operation import Operation

__all__ = ["Ledger", "Placement"]


class Placement(NamedTuple):
    """Where a transition is: the number before its first event, and the operation that told."""

    start: int
    told_by: Operation


class Ledger:
    """The events of one numbering, and the transitions they belong to."""

    def __init__(
        self,
        unit: Literal["version", "position"],
        stream: str | None,
        capacity: int,
        evidence: Evidence,
        findings: Findings,
    ) -> None:
        """Make an empty ledger of a stream, or of the log if ``stream`` is None.

        ``capacity`` is the number of events that can ever have been appended there.
        """
        self.unit = unit
        self.stream = stream
        self.where = "the log" if stream is None else f"stream {shorten(stream)}"
        self.ids: list[EventId | None] = []
        self.placements: dict[Transition, Placement] = {}
        self._capacity = capacity
        self._evidence = evidence
        self._findings = findings
        self._contests: list[tuple[Transition, Transition]] = []

    def acknowledge(self, transition: Transition, answers: Sequence[tuple[Operation, int]]) -> None:
        """Place a transition where its acknowledgements say; each answers the last number."""
        size = len(transition.ids)
        (first, number), *others = answers
        for operation, other in others:
            if other != number:
                self._findings.add(
                    "divergent",
                    (first, operation),
                )
                return
        start = number - size
        if start < 0:
            self._findings.add(
                "version-mismatch",
                (first,),
            )
        elif number > self._capacity:
            self._findings.add("missing-events", (first,))
        else:
            rival = self._rival(transition, start)
            self.placements[transition] = Placement(start, first)
            if rival is None:
                self._write(transition, start)
            else:
                self._contests.append((rival, transition))

    def compare(self, operation: Operation, after: int, ids: Sequence[EventId]) -> None:
        """Compare what a read showed after ``after`` with what is known, and learn from it."""
        end = after + len(ids)
        if self.ids[after:end] == list(ids):
            return
        for number, event in enumerate(ids, start=after + 1):
            if not self.accept(operation, number, event):
                return

    def accept(self, operation: Operation, number: int, event: EventId) -> bool:
        """Take one read's word that an event has a number; False if that cannot be."""
        if 0 < number <= len(self.ids) and self.ids[number - 1] == event:
            return True
        transition = self._evidence.writers.get(event)
        if transition is None or self.stream not in (None, transition.stream):
            self._unheard(operation, event)
            return False
        start = number - 1 - transition.ids.index(event)
        placed = self.placements.get(transition)
        if placed is not None and placed.start != start:
            self._moved(operation, transition, placed)
            return False
        if start < 0 or start + len(transition.ids) > self._capacity:
            self._findings.add(
                "version-mismatch",
                (operation, transition.first),
            )
            return False
        rival = self._rival(transition, start)
        if rival is None:
            self.placements[transition] = Placement(start, operation)
            self._write(transition, start)
            return True
        if placed is None:
            self._contradicts(operation, number, event, rival)
        return False

    def suppose(self, transition: Transition, event: EventId, number: int) -> None:
        """Place a transition that nobody observed so that ``event`` has a number, if it can be."""
        start = number - 1 - transition.ids.index(event)
        fits = 0 <= start <= self._capacity - len(transition.ids)
        if transition not in self.placements and fits and not self._rival(transition, start):
            self.placements[transition] = Placement(start, transition.first)
            self._write(transition, start)

    def owner(self, number: int) -> Transition | None:
        """The transition known to hold a number, if any."""
        event = self.ids[number - 1] if 0 < number <= len(self.ids) else None
        return None if event is None else self._evidence.writers[event]

    def settle(self) -> None:
        """Say of each two acknowledged appends with the same numbers which one was real."""
        for one, other in self._contests:
            first, second = self._evidence.shown(one), self._evidence.shown(other)
            if first is not None and second is None:
                self._lost(other, one, first[0])
            elif second is not None and first is None:
                self._lost(one, other, second[0])
            elif first is not None and second is not None:
                self._both_shown(one, other, first, second)
            else:
                self._findings.add(
                    "overlap",
                    (one.first, other.first),
                )

    def tile(
        self,
        candidates: list[Transition],
        fits: Callable[[Transition, int], bool],
        reach: int,
    ) -> tuple[list[Transition], tuple[int, int] | None]:
        """Order the transitions by number, without gaps up to ``reach``.

        A gap that exactly one candidate can fill (a transition that nobody saw) is filled with it.
        The second value is the first gap that cannot be filled; where a gap can be filled in
        several ways the question is left to the search.
        """
        while True:
            order = sorted(self.placements, key=lambda item: self.placements[item].start)
            gaps = self._gaps(order, reach)
            filled = False
            for start, end in gaps:
                fitting = self._fitting(candidates, fits, start, end)
                if sum(len(transition.ids) for transition in fitting) < end - start:
                    return order, (start, end)
                if len(fitting) == 1:
                    self.placements[fitting[0]] = Placement(start, fitting[0].first)
                    candidates.remove(fitting[0])
                    self._write(fitting[0], start)
                    filled = True
            if not filled:
                if gaps:
                    start, end = gaps[0]
                    self._findings.leave(
                        f"{self.unit}s {start + 1}-{end} of {self.where} were never read, and "
                        "several appends of unknown outcome can have filled them"
                    )
                return order, None

    @staticmethod
    def _fitting(
        candidates: list[Transition], fits: Callable[[Transition, int], bool], start: int, end: int
    ) -> list[Transition]:
        if sum(len(transition.ids) for transition in candidates) < end - start:
            return []
        return [
            transition
            for transition in candidates
            if any(fits(transition, at) for at in range(start, end - len(transition.ids) + 1))
        ]

    def _gaps(self, order: list[Transition], reach: int) -> list[tuple[int, int]]:
        gaps = []
        end = 0
        for transition in order:
            start = self.placements[transition].start
            if start > end:
                gaps.append((end, start))
            end = max(end, start + len(transition.ids))
        if reach > end:
            gaps.append((end, reach))
        return gaps

    def _write(self, transition: Transition, start: int) -> None:
        end = start + len(transition.ids)
        if end > len(self.ids):
            self.ids.extend([None] * (end - len(self.ids)))
        self.ids[start:end] = transition.ids

    def _rival(self, transition: Transition, start: int) -> Transition | None:
        """The transition that already holds one of the numbers that another one claims."""
        known = self.ids[start : start + len(transition.ids)]
        for mine, theirs in zip(transition.ids, known, strict=False):
            if theirs is not None and theirs != mine:
                return self._evidence.writers[theirs]
        return None

    def _unheard(self, operation: Operation, event: EventId) -> None:
        refused = self._evidence.refused.get(event)
        if refused is not None and self.stream in (None, refused.key):
            self._findings.add("aborted-visible", (operation, refused))
            return
        elsewhere = self._evidence.writers.get(event)
        writer = () if elsewhere is None else (elsewhere.first,)
        self._findings.add("phantom", (operation, *writer))

    def _moved(self, operation: Operation, transition: Transition, placed: Placement) -> None:
        if any(placed.told_by is attempt.operation for attempt in transition.attempts):
            self._findings.add("version-mismatch", (operation, placed.told_by))
        else:
            self._findings.add("duplicate", (placed.told_by, operation))

    def _contradicts(
        self, operation: Operation, number: int, event: EventId, rival: Transition
    ) -> None:
        """A read puts an event where another transition is already known to be."""
        shown = self._evidence.shown(rival)
        if rival.acknowledged and shown is None:
            self._findings.add(
                "lost-append",
                (rival.first, operation),
            )
            return
        witness = self.placements[rival].told_by if shown is None else shown[0]
        if operation is witness or self.ids[number - 1 : number] in ([None], [event]):
            self._findings.add(
                "torn-read",
                (operation, rival.first, self._evidence.writers[event].first),
            )
            return
        self._findings.add(
            "divergent",
            (witness, operation),
        )

    def _lost(self, lost: Transition, kept: Transition, reader: Operation) -> None:
        self._findings.add(
            "lost-append",
            (lost.first, kept.first, reader),
        )

    def _both_shown(
        self,
        one: Transition,
        other: Transition,
        first: tuple[Operation, Operation],
        second: tuple[Operation, Operation],
    ) -> None:
        """Both were seen: one replaced the other if it was only seen afterwards."""
        if first[1].index < second[0].index:
            self._lost(one, other, second[0])
        elif second[1].index < first[0].index:
            self._lost(other, one, first[0])
        else:
            self._findings.add(
                "divergent",
                (first[0], second[0], one.first, other.first),
            )
