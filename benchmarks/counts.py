"""The projection that is measured: 10,000 accounts take turns, which leaves little to fold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from eventstore import RecordedEvent
from projector.documents import Change, Update

__all__ = ["ACCOUNTS", "CountsByAccount", "account"]

ACCOUNTS: Final = 10_000


def account(position: int) -> str:
    """Which account an event is for."""
    return f"account-{position % ACCOUNTS}"


class CountsByAccount:
    """Counts the events of each account."""

    name = "counts"

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        """Count an event."""
        yield Update(account(event.position), lambda count: (count or 0) + 1)
