"""Projections as pure functions: an event in, changes of documents out. No I/O.

A read model is documents, each a JSON value under a key. What a projection wants changed is folded
for a whole batch of events in memory, so that the database sees each document at most once a batch,
however often the batch changed it. The result is that of one event after the other; tests hold it
to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec

from eventstore.event import RecordedEvent
from eventstore.stream import Position

__all__ = [
    "Change",
    "Changed",
    "DocumentProjection",
    "Put",
    "Update",
    "fold",
    "keys_to_load",
    "wanted_by",
]


class Put(msgspec.Struct, frozen=True):
    """The document under ``key`` shall be this; null removes it."""

    key: str
    document: Any


class Update(msgspec.Struct, frozen=True):
    """The document under ``key`` shall be what ``change`` makes of it.

    ``change`` is a pure function. It is given null where there is no document, and returns null
    where there shall be none; it must not alter what it is given.
    """

    key: str
    change: Callable[[Any], Any]


Change: TypeAlias = Put | Update


@runtime_checkable
class DocumentProjection(Protocol):
    """What a user writes: a name, and what an event changes.

    ::

        class Balances:
            name = "balances"

            def project(self, event):
                if event.type == "deposited":
                    amount = event.data["amount"]
                    yield Update(event.stream, lambda balance: (balance or 0) + amount)
    """

    @property
    def name(self) -> str:
        """Lower-case letters, digits, ``-`` and ``_``."""
        ...

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        """Say what an event changes: a function of the event alone, without effects."""
        ...


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """A document as a batch leaves it; ``position`` is that of the last event that changed it.

    ``before`` and ``after`` are null where there is no document.
    """

    key: str
    before: Any
    after: Any
    position: Position


Wanted: TypeAlias = Sequence[tuple[Position, Change]]
"""What a batch wants changed, in order."""


def wanted_by(projection: DocumentProjection, events: Iterable[RecordedEvent]) -> Wanted:
    """Ask a projection what events change, in order."""
    project = projection.project
    return [(event.position, change) for event in events for change in project(event)]


def keys_to_load(wanted: Wanted) -> list[str]:
    """Name the documents that must be at hand: those that are updated before they are put."""
    seen: dict[str, bool] = {}
    for _, change in wanted:
        seen.setdefault(change.key, isinstance(change, Update))
    return [key for key, updated in seen.items() if updated]


def fold(wanted: Wanted, present: Mapping[str, Any]) -> list[Changed]:
    """Carry out what a batch wants changed, on the documents that `keys_to_load` names.

    Returns:
        Every document that the batch touched, once, in the order in which it was first touched.
        ``before`` is null as well where the document did not have to be at hand.
    """
    after: dict[str, Any] = {}
    positions: dict[str, Position] = {}
    for position, change in wanted:
        key = change.key
        if isinstance(change, Update):
            after[key] = change.change(after[key] if key in after else present.get(key))
        else:
            after[key] = change.document
        positions[key] = position
    return [
        Changed(key=key, before=present.get(key), after=document, position=positions[key])
        for key, document in after.items()
    ]
