"""What a history says about streams, sorted by what kind of evidence it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from checker.models.stream import met
from checker.models.stream_operations import (
    Append,
    Decoder,
    EventId,
    LogHead,
    LogRead,
    StreamRead,
    StreamVersionRead,
)
from checker.monitors.streams.findings import Findings
from checker.operation import Operation, Outcome

__all__ = ["Attempt", "Evidence", "Transition", "gather"]


class Attempt(NamedTuple):
    """One append operation that may have had the effect: acknowledged, or of unknown outcome."""

    operation: Operation
    append: Append


class Transition:
    """One effect on one stream, and every attempt at it: the appends with the same ids."""

    __slots__ = ("acknowledged", "attempts", "ids", "stream")

    def __init__(self, stream: str, ids: tuple[EventId, ...]) -> None:
        self.stream = stream
        self.ids = ids
        self.attempts: list[Attempt] = []
        """By invocation."""
        self.acknowledged: list[Attempt] = []
        """The attempts among them that were answered."""

    @property
    def first(self) -> Operation:
        """The operation to name when the effect is meant: acknowledged if any is."""
        return (self.acknowledged or self.attempts)[0].operation

    def effective(self, version: int) -> Attempt | None:
        """The attempt that can have appended to a stream at ``version``: the first invoked.

        Another one that could as well would only be later.
        """
        for attempt in self.attempts:
            if met(attempt.append.expected, version):
                return attempt
        return None


class Evidence:
    """The operations of a history, decoded and sorted."""

    def __init__(self) -> None:
        self.streams: dict[str, None] = {}
        """Every stream that is named, in the order in which they are."""
        self.transitions: list[Transition] = []
        """Those that may have taken effect."""
        self.writers: dict[EventId, Transition] = {}
        self.refused: dict[EventId, Operation] = {}
        """The ids of appends that certainly had no effect."""
        self.conflicts: list[tuple[Operation, Append]] = []
        self.reads: list[tuple[Operation, StreamRead]] = []
        self.versions: list[tuple[Operation, StreamVersionRead]] = []
        self.log_reads: list[tuple[Operation, LogRead]] = []
        self.heads: list[tuple[Operation, LogHead]] = []

    @cached_property
    def readers(self) -> dict[EventId, tuple[Operation, Operation]]:
        """The first and the last read that showed an event; only asked when something is wrong."""
        readers: dict[EventId, tuple[Operation, Operation]] = {}
        pages: list[tuple[Operation, StreamRead | LogRead]] = [*self.reads, *self.log_reads]
        for operation, page in sorted(pages, key=lambda item: item[0].index):
            for event in page.ids:
                first, _ = readers.get(event, (operation, operation))
                readers[event] = first, operation
        return readers

    def shown(self, transition: Transition) -> tuple[Operation, Operation] | None:
        """The first and the last read that showed an event of a transition, if any did."""
        readers = [self.readers[event] for event in transition.ids if event in self.readers]
        if not readers:
            return None
        return (
            min((first for first, _ in readers), key=lambda operation: operation.index),
            max((last for _, last in readers), key=lambda operation: operation.index),
        )


def gather(operations: Sequence[Operation], decode: Decoder, findings: Findings) -> Evidence:
    """Decode operations and sort them; what contradicts itself at once goes to ``findings``.

    Raises:
        MalformedHistory: an operation does not have the shape that the model defines.
    """
    evidence = Evidence()
    attempts: dict[tuple[str, tuple[EventId, ...]], Transition] = {}
    for operation in operations:
        request = decode(operation)
        if operation.f == "append" or (request is not None and operation.key is not None):
            evidence.streams[operation.key] = None
        if isinstance(request, Append):
            _sort_append(evidence, attempts, operation, request)
        elif request is None and operation.f == "append":
            evidence.refused.update(dict.fromkeys(operation.value["ids"], operation))
        elif isinstance(request, StreamRead):
            evidence.reads.append((operation, request))
        elif isinstance(request, StreamVersionRead):
            evidence.versions.append((operation, request))
        elif isinstance(request, LogRead):
            evidence.log_reads.append((operation, request))
            evidence.streams.update(dict.fromkeys(request.streams))
        elif isinstance(request, LogHead):
            evidence.heads.append((operation, request))
    for transition in sorted(attempts.values(), key=lambda item: not item.acknowledged):
        _claim_ids(evidence, transition, findings)
    return evidence


def _sort_append(
    evidence: Evidence,
    attempts: dict[tuple[str, tuple[EventId, ...]], Transition],
    operation: Operation,
    append: Append,
) -> None:
    if operation.outcome is Outcome.FAIL:
        evidence.refused.update(dict.fromkeys(append.ids, operation))
        if append.conflict:
            evidence.conflicts.append((operation, append))
        return
    key = operation.key, append.ids
    transition = attempts.get(key)
    if transition is None:
        transition = attempts[key] = Transition(operation.key, append.ids)
    attempt = Attempt(operation, append)
    transition.attempts.append(attempt)
    if operation.outcome is Outcome.OK:
        transition.acknowledged.append(attempt)


def _claim_ids(evidence: Evidence, transition: Transition, findings: Findings) -> None:
    """Make a transition the writer of its ids, if it can take effect at all."""
    certain = transition.acknowledged
    if len(set(transition.ids)) < len(transition.ids):
        if certain:
            findings.add(
                "duplicate",
                (transition.first,),
            )
        return
    rival = next((evidence.writers[e] for e in transition.ids if e in evidence.writers), None)
    if rival is None:
        evidence.transitions.append(transition)
        evidence.writers.update(dict.fromkeys(transition.ids, transition))
    elif certain:
        findings.add(
            "duplicate",
            (rival.first, transition.first),
        )
    elif not rival.acknowledged:
        findings.leave("different appends of unknown outcome share an event id")
