"""A projection that cannot read every event until it is mended; `projector run` finds it here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eventstore.event import RecordedEvent
from projector.documents import Change, Update

EVERY = 23


class FragileLists:
    """Keeps the versions of each stream in the order in which they were applied."""

    name = "fragile-lists"

    def __init__(self, *, mended: bool = False) -> None:
        self._mended = mended

    def project(self, event: RecordedEvent) -> Iterable[Change]:
        if event.position % EVERY == 0 and not self._mended:
            raise ValueError(f"{event.position} is a multiple of {EVERY}")

        def append(versions: Any) -> list[int]:
            return [*(versions or []), event.version]

        yield Update(event.stream, append)
