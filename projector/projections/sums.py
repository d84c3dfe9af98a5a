"""`Sums`: totals of a number in the events' data, by a key in them: an example to configure."""

from __future__ import annotations

from collections.abc import Iterable

from eventstore.event import RecordedEvent
from projector.documents import Change, Update

__all__ = ["Sums"]


class Sums:
    """Sums ``event.data[amount]`` by ``event.data[key]``, over the events that have both.

    ``sales = Sums("sales", key="product", amount="price")`` in a module of yours, and
    ``projector run your_module:sales``, keep what each product sold for.
    """

    def __init__(self, name: str, *, key: str, amount: str) -> None:
        self.name = name
        self.identity = f"sums of {amount!r} by {key!r}"
        self._key = key
        self._amount = amount

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        """Add an event's amount to its key's sum."""
        if isinstance(event.data, dict) and {self._key, self._amount} <= event.data.keys():
            amount = event.data[self._amount]
            yield Update(str(event.data[self._key]), lambda total: (total or 0) + amount)
