"""All the ledgers of a history: one of each stream and, for a whole store, one of the log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from checker.models.stream_operations import EventId, LogRead, StreamRead
from checker.monitors.streams.evidence import Evidence
from checker.monitors.streams.findings import Findings
from checker.monitors.streams.ledger import Ledger
from checker.monitors.streams.pages import is_numbered, report_misnumbered
from checker.operation import Operation

__all__ = ["Ledgers"]


class Ledgers:
    """Enter every piece of evidence; read the ledgers afterwards, if nothing was found."""

    def __init__(self, evidence: Evidence, findings: Findings, *, whole: bool) -> None:
        self.streams: dict[str, Ledger] = {}
        self.log: Ledger | None = None
        self._evidence = evidence
        self._findings = findings
        self._capacities: Counter[str] = Counter()
        for transition in evidence.transitions:
            self._capacities[transition.stream] += len(transition.ids)
        for name in evidence.streams:
            self.stream(name)
        if whole:
            total = sum(self._capacities.values())
            self.log = Ledger("position", None, total, evidence, findings)

    def enter(self) -> None:
        """Enter everything that was observed, and report what contradicts itself."""
        self._enter_acknowledged()
        misnumbered: list[tuple[Operation, Sequence[int], int, Ledger]] = []
        for operation, read in self._evidence.reads:
            ledger = self.stream(operation.key)
            if is_numbered(read.versions, read.after, read.limit):
                ledger.compare(operation, read.after, read.ids)
            else:
                misnumbered.append((operation, read.versions, read.after, ledger))
        if self.log is not None:
            for operation, page in self._evidence.log_reads:
                if is_numbered(page.positions, page.after, page.limit):
                    self._enter_log_read(self.log, operation, page)
                else:
                    misnumbered.append((operation, page.positions, page.after, self.log))
            self._enter_positions(self.log)
        for ledger in self._all():
            ledger.settle()
        for operation, numbers, after, ledger in misnumbered:
            report_misnumbered(operation, numbers, after, ledger, self._evidence, self._findings)

    def stream(self, name: str) -> Ledger:
        """The ledger of a stream."""
        ledger = self.streams.get(name)
        if ledger is None:
            capacity = self._capacities[name]
            ledger = Ledger("version", name, capacity, self._evidence, self._findings)
            self.streams[name] = ledger
        return ledger

    def try_hints(self, hints: Mapping[EventId, int]) -> None:
        """Place transitions that nobody observed where hints say, if there is room."""
        for event, version in hints.items():
            transition = self._evidence.writers.get(event)
            if transition is not None:
                self.stream(transition.stream).suppose(transition, event, version)

    def compare_log_rows(self, rows: Sequence[tuple[str, int]]) -> None:
        """Compare the stream and version that log reads show with those of each position."""
        for operation, page in self._evidence.log_reads:
            known = rows[page.after : page.after + len(page.ids)]
            shown = list(zip(page.streams, page.versions, strict=True))
            if known == shown:
                continue
            pairs = zip(known, shown, page.ids, strict=True)
            event = next(event for right, seen, event in pairs if right != seen)
            writer = self._evidence.writers[event].first
            self._findings.add("version-mismatch", (operation, writer))

    def _all(self) -> list[Ledger]:
        return [*self.streams.values(), *([] if self.log is None else [self.log])]

    def _enter_acknowledged(self) -> None:
        for transition in self._evidence.transitions:
            acknowledged = transition.acknowledged
            if not acknowledged:
                continue
            versions = [
                (attempt.operation, attempt.append.version)
                for attempt in acknowledged
                if attempt.append.version is not None
            ]
            self.stream(transition.stream).acknowledge(transition, versions)
            positions = [
                (attempt.operation, attempt.append.position)
                for attempt in acknowledged
                if attempt.append.position is not None
            ]
            if self.log is not None and positions:
                self.log.acknowledge(transition, positions)

    def _enter_log_read(self, log: Ledger, operation: Operation, page: LogRead) -> None:
        end = page.after + len(page.ids)
        if log.ids[page.after : end] == list(page.ids):
            return
        for position, stream, version, event in zip(
            page.positions, page.streams, page.versions, page.ids, strict=True
        ):
            in_stream = self.stream(stream).accept(operation, version, event)
            if not (in_stream and log.accept(operation, position, event)):
                return

    def _enter_positions(self, log: Ledger) -> None:
        """Enter the positions that reads of a stream show beside the versions."""
        known: dict[str, list[int | None]] = {}
        for transition, placed in log.placements.items():
            ledger = self.stream(transition.stream)
            if transition in ledger.placements:
                start = ledger.placements[transition].start
                row = known.setdefault(transition.stream, [None] * len(ledger.ids))
                numbers = range(placed.start + 1, placed.start + 1 + len(transition.ids))
                row[start : start + len(transition.ids)] = numbers
        for operation, read in self._evidence.reads:
            if read.positions is not None and is_numbered(read.versions, read.after, read.limit):
                length = len(self.stream(operation.key).ids)
                row = known.setdefault(operation.key, [None] * length)
                self._enter_read_positions(log, operation, read, row)

    @staticmethod
    def _enter_read_positions(
        log: Ledger, operation: Operation, read: StreamRead, row: list[int | None]
    ) -> None:
        positions = read.positions or ()
        end = read.after + len(positions)
        if row[read.after : end] == list(positions):
            return
        for position, event in zip(positions, read.ids, strict=True):
            if not log.accept(operation, position, event):
                return
        row += [None] * (end - len(row))
        row[read.after : end] = positions
