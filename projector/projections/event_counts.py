"""`event-counts`: how many events there are of each category and type."""

from __future__ import annotations

from collections.abc import Iterable

from eventstore.event import RecordedEvent
from projector.documents import Change, Update

__all__ = ["EventCounts"]


class EventCounts:
    """Counts under the key ``CATEGORY/TYPE``; see `projector.documents.DocumentProjection`."""

    name = "event-counts"

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        """Count an event."""
        yield Update(f"{event.category}/{event.type}", _one_more)


def _one_more(count: int | None) -> int:
    return (count or 0) + 1
