"""`latest-events`: the last event of each stream, as a cache of current values."""

from __future__ import annotations

from collections.abc import Iterable

from eventstore.event import RecordedEvent
from projector.documents import Change, Put

__all__ = ["LatestEvents"]


class LatestEvents:
    """Documents under the stream's name; see `projector.documents.DocumentProjection`."""

    name = "latest-events"

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        """Take an event for the last of its stream."""
        document = {"version": event.version, "type": event.type, "data": event.data}
        yield Put(event.stream, document)
