"""Documents that are known as they are at a checkpoint, so that they need not be read again.

Pure memory, bounded. Who changes documents moves the checkpoint with them; so what was known at a
checkpoint holds for as long as the checkpoint is there, and whoever moves it knows what it left.
At the very first checkpoint there are no documents; who begins there knows all of them, until it
has to forget some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from eventstore.stream import Position

__all__ = ["BYTES_MAX", "KnownDocuments"]

BYTES_MAX: Final = 32 * 1024 * 1024
"""How much is known at most, roughly: keys, documents, and what Python needs to keep them."""

_ENTRY_BYTES: Final = 200


class KnownDocuments:
    """JSON by key, null where it is known that there is no document; of one table.

    What is used least recently is forgotten: everything is kept in a younger and an older half, and
    when the younger one is full, the older one goes and the younger one takes its place.
    """

    def __init__(self, *, bytes_max: int = BYTES_MAX) -> None:
        self._half = bytes_max // 2
        self._position: Position | None = None
        self._young: dict[str, str | None] = {}
        self._old: dict[str, str | None] = {}
        self._young_bytes = 0
        self._complete = False  # what is not known is not there

    def take(self, position: Position, keys: Iterable[str]) -> dict[str, str | None]:
        """Return what is known of some keys, at a checkpoint; of those that are left out, nothing.

        From now on nothing is known, until `keep` says what became of the checkpoint: when a commit
        fails, nobody has to remember to forget.
        """
        if position != self._position:
            self._forget(complete=position == 0)
        self._position = None
        young, old = self._young, self._old
        found: dict[str, str | None] = {}
        for key in keys:
            if key in young:
                found[key] = young[key]
            elif key in old:
                found[key] = old[key]
            elif self._complete:
                found[key] = None
        return found

    def keep(self, position: Position, documents: Mapping[str, str | None]) -> None:
        """Know these as well, all at a checkpoint: the one that was taken, moved with them."""
        self._position = position
        young = self._young
        for key, document in documents.items():
            fresh = key not in young
            before = len(key) + _ENTRY_BYTES if fresh else -len(young[key] or "")
            self._young_bytes += before + len(document or "")
            young[key] = document
        if self._young_bytes > self._half:
            self._complete = self._complete and not self._old
            self._old, self._young = self._young, {}
            self._young_bytes = 0

    def _forget(self, *, complete: bool) -> None:
        self._young, self._old = {}, {}
        self._young_bytes = 0
        self._complete = complete
