"""The documents of a run, whose changes are fed onto NATS: small, and some of them are removed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from eventstore.event import RecordedEvent
from projector.documents import Change, Put

__all__ = ["REMOVED_EVERY", "LatestEvents"]

REMOVED_EVERY: Final = 5


class LatestEvents:
    """The last event of each stream, under the stream's name; each fifth one removes it."""

    name = "latest-or-none"

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        """Take an event for the last of its stream."""
        removed = event.version % REMOVED_EVERY == 0
        document = {"version": event.version, "id": str(event.id), "data": event.data}
        yield Put(event.stream, None if removed else document)
