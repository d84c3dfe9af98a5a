"""A few connections that are kept at hand between two uses, without the pool in between.

To borrow from asyncpg's pool and give back takes a task, timers and two turns of the event loop: a
sixth of what reading a short stream takes. So a connection that its use left as it was is kept for
the next one, unless somebody waits for the pool. Making connections, limits, and what was cancelled
or broke midway stay with the pool.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    from typing import TypeAlias

    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = PoolConnectionProxy[asyncpg.Record]

__all__ = ["AtHand"]

_KEPT: Final = 3
"""As many as `reading.log` uses at once."""

_IDLE_SECONDS: Final = 60.0
"""What lay idle for longer may have been cut off by something on the way, without a word."""


class AtHand:
    """Connections that are borrowed from a pool and unused just now; the last used comes first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: list[tuple[float, Connection]] = []

    def take(self) -> Connection | None:
        """Take a connection for use; those that can no longer be used go back to the pool."""
        while self._kept:
            since, connection = self._kept.pop()
            if _is_ready(connection) and self._clock() - since < _IDLE_SECONDS:
                return connection
            with suppress(asyncpg.InterfaceError):  # it broke, and the pool has it already
                connection.terminate()
        return None

    def keep(self, connection: Connection) -> bool:
        """Keep a connection for the next use, unless enough are kept or it is not as it was."""
        if len(self._kept) >= _KEPT or not _is_ready(connection):
            return False
        self._kept.append((self._clock(), connection))
        return True

    def clear(self) -> list[Connection]:
        """Take all that are kept, to give them back."""
        kept = [connection for _, connection in self._kept]
        self._kept.clear()
        return kept


def _is_ready(connection: Connection) -> bool:
    """Whether a connection is open and between transactions."""
    try:
        return not connection.is_closed() and not connection.is_in_transaction()
    except asyncpg.InterfaceError:
        return False  # it broke, and the pool has it already
