"""Domains: in which of the known states each operation is legal.

What is legal in no state at all is an anomaly by itself, whatever the order of the operations.
"""

from __future__ import annotations

from checker.models.stream import met
from checker.models.stream_operations import Append
from checker.monitors.streams.evidence import Evidence
from checker.monitors.streams.findings import Findings
from checker.monitors.streams.order import Line, Order
from checker.monitors.sweep import Beyond, Item
from checker.operation import Operation

__all__ = ["WHOLE", "domains"]

WHOLE = None
"""The scope of operations on the whole log; a stream's scope is its name."""


def domains(order: Order, evidence: Evidence, findings: Findings) -> list[Item]:
    """Give every operation that says something its domain."""
    items = _appends(order)
    observed = _Observed(order, findings, items)
    for operation, read in evidence.reads:
        line = order.line(operation.key)
        observed.page(operation, line, operation.key, read.after, len(read.ids), read.limit)
    for operation, version in evidence.versions:
        observed.exactly(operation, order.line(operation.key), operation.key, version.version)
    for operation, conflict in evidence.conflicts:
        observed.conflict(operation, order.line(operation.key), conflict)
    for operation, page in evidence.log_reads:
        observed.page(operation, order.log, WHOLE, page.after, len(page.ids), page.limit)
    for operation, head in evidence.heads:
        observed.exactly(operation, order.log, WHOLE, head.position)
    return items


def _appends(order: Order) -> list[Item]:
    """Each transition has its slot; a repetition that was acknowledged observed it as done."""
    items = []
    for number, transition in enumerate(order.transitions, start=1):
        effective = order.effective[number - 1]
        slot = 2 * number - 1
        items.append(Item(effective.operation, slot, slot, transition.stream))
        items += [
            Item(attempt.operation, slot + 1, order.top, transition.stream, beyond="legal")
            for attempt in transition.acknowledged
            if attempt is not effective
        ]
    return items


class _Observed:
    """Collects the items of observations, and reports those that no state justifies."""

    def __init__(self, order: Order, findings: Findings, items: list[Item]) -> None:
        self._top = order.top
        self._findings = findings
        self._items = items

    def page(
        self,
        operation: Operation,
        line: Line,
        scope: str | None,
        after: int,
        shown: int,
        limit: int | None,
    ) -> None:
        """A page that is not full shows where the end was; a full one, what there was at least."""
        if limit == 0:
            return
        low, high = after + shown, None if shown == limit else after + shown
        if shown == 0:
            low = 0
        slots = line.slots(low, high, self._top)
        if slots is None:
            self._findings.add("torn-read", (operation,))
            return
        beyond: Beyond = "legal" if high is None else "illegal"
        if shown == 0 and after > line.last:
            beyond = "unclear"
        self._items.append(Item(operation, *slots, scope, beyond=beyond))

    def exactly(self, operation: Operation, line: Line, scope: str | None, number: int) -> None:
        """The number itself was answered."""
        if number < 0:
            self._findings.add(
                "no-state",
                (operation,),
            )
            return
        slots = line.slots(number, number, self._top)
        if slots is None:
            self._findings.add("torn-read", (operation,))
        else:
            self._items.append(Item(operation, *slots, scope))

    def conflict(self, operation: Operation, line: Line, conflict: Append) -> None:
        """The stream was not where it was expected; perhaps the answer says where it was."""
        expected, actual = conflict.expected, conflict.actual
        if expected == "any" or (actual is not None and met(expected, actual)):
            self._findings.add("unjustified-conflict", (operation,))
        elif actual is not None:
            slots = line.slots(actual, actual, self._top)
            if slots is None:
                self._findings.add(
                    "unjustified-conflict",
                    (operation,),
                )
            else:
                self._items.append(Item(operation, *slots, operation.key))
        elif expected == "exists":
            self.exactly(operation, line, operation.key, 0)
        else:
            version = 0 if expected == "absent" else int(expected)
            hole = line.slots(version, version, self._top)
            self._items.append(
                Item(
                    operation,
                    0,
                    self._top,
                    operation.key,
                    beyond="unclear" if version > line.last else "legal",
                    holes=() if hole is None else (hole,),
                )
            )
