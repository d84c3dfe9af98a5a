"""Queries: which events of the log somebody means, by category, type and tags.

A query is what reads and subscriptions select by, and what a dynamic consistency boundary is drawn
with (https://dcb.events/specification/). It is a value without I/O: every store answers it in its
own way, and `Query.matches` says what the answer has to be.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from eventstore.event import RecordedEvent

__all__ = ["Query", "QueryItem"]


class QueryItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to match: an event must meet all three conditions; an empty one holds of any event.

    Its stream's category is one of ``categories``, its type is one of ``types``, and it has every
    one of ``tags``.
    """

    categories: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def matches(self, category: str, event_type: str, tags: Collection[str]) -> bool:
        """Whether an event with these parts matches."""
        return (
            (not self.categories or category in self.categories)
            and (not self.types or event_type in self.types)
            and all(tag in tags for tag in self.tags)
        )


class Query(msgspec.Struct, frozen=True):
    """Items of which at least one must match."""

    items: tuple[QueryItem, ...]

    @classmethod
    def everything(cls) -> Query:
        """Match every event."""
        return cls((QueryItem(),))

    @classmethod
    def of(
        cls,
        *,
        categories: tuple[str, ...] = (),
        types: tuple[str, ...] = (),
        tags: tuple[str, ...] = (),
    ) -> Query:
        """Match by one item."""
        return cls((QueryItem(categories, types, tags),))

    def matches(self, event: RecordedEvent) -> bool:
        """Whether a recorded event matches."""
        return self.matches_parts(event.category, event.type, event.tags)

    def matches_parts(self, category: str, event_type: str, tags: Collection[str]) -> bool:
        """Whether an event with these parts matches: also one that is not recorded yet."""
        return any(item.matches(category, event_type, tags) for item in self.items)
