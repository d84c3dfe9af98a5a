"""Which events a consumer wants, and how to ask JetStream and the log for them. No I/O."""

from __future__ import annotations

from itertools import product
from typing import Final

import msgspec

from eventstore import wire
from eventstore.event import RecordedEvent
from eventstore.query import Query
from eventstore.stream import StreamName, category_of, stream_name
from eventstore.validation import QUERY_NAMES_MAX, check_query

__all__ = ["SUBJECTS_MAX", "Selection"]

SUBJECTS_MAX: Final = 64
"""The most subjects that JetStream is asked to filter by; the rest is filtered here."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Events that meet all four conditions; an empty one holds of any event.

    The stream's category is one of ``categories``, the stream is one of ``streams``, the type is
    one of ``types``, and the event has every one of ``tags``.
    """

    categories: tuple[str, ...] = ()
    streams: tuple[StreamName, ...] = ()
    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether it selects every event."""
        return not (self.categories or self.streams or self.types or self.tags)

    def check(self) -> None:
        """Check that the log can be asked for it.

        Raises:
            InvalidStreamName, InvalidRequest: a name or a tag cannot be that of an event.
        """
        for stream in self.streams:
            stream_name(stream)
        if (query := self.query()) is not None:
            check_query(query)

    def matches(self, event: RecordedEvent) -> bool:
        """Whether it selects an event."""
        return (
            (not self.categories or event.category in self.categories)
            and (not self.streams or event.stream in self.streams)
            and (not self.types or event.type in self.types)
            and all(tag in event.tags for tag in self.tags)
        )

    def subjects(self) -> tuple[str, ...]:
        """Name the subjects that JetStream is to deliver: they cover the selection.

        They do not overlap, which JetStream demands. If too many would be needed they cover more,
        in the end `wire.SUBJECTS`, and `matches` decides.
        """
        heads = self._heads()
        if not heads or len(heads) > SUBJECTS_MAX:
            return (wire.SUBJECTS,)
        types = tuple(map(wire.escape_token, dict.fromkeys(self.types))) or ("*",)
        if len(heads) * len(types) > SUBJECTS_MAX:
            types = ("*",)
        if heads == ("*.*",) and types == ("*",):
            return (wire.SUBJECTS,)
        return tuple(f"events.{head}.{tail}" for head, tail in product(heads, types))

    def _heads(self) -> tuple[str, ...]:
        """Category and stream of the subjects; none if no stream is in one of the categories."""
        if self.streams:
            pairs = ((category_of(stream), stream) for stream in dict.fromkeys(self.streams))
            return tuple(
                f"{wire.escape_token(category)}.{wire.escape_token(stream)}"
                for category, stream in pairs
                if not self.categories or category in self.categories
            )
        if self.categories:
            categories = dict.fromkeys(self.categories)
            return tuple(f"{wire.escape_token(category)}.*" for category in categories)
        return ("*.*",)

    def query(self) -> Query | None:
        """The query that the log is asked with: it covers the selection; null for everything."""
        categories = self.categories or tuple(dict.fromkeys(map(category_of, self.streams)))
        query = Query.of(
            categories=_if_few(categories), types=_if_few(self.types), tags=_if_few(self.tags)
        )
        return None if query == Query.everything() else query


def _if_few(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names if a query may have so many, else none, which stands for all."""
    return names if len(names) <= QUERY_NAMES_MAX else ()
