"""What is wrong with a file, one thing after the other: for `checker lint`, which does not stop."""

from __future__ import annotations

from types import TracebackType

from checker.errors import MalformedHistory

__all__ = ["Faults"]


class Faults:
    """Stands around the reading of each line: ``with faults: ...``.

    By default it does nothing, so that the first malformation ends the reading. With ``at_most``
    above 1 it keeps malformations and lets the reader go on with the next line, until there are so
    many. A later one can follow from an earlier one.
    """

    def __init__(self, at_most: int = 1) -> None:
        self.found: list[MalformedHistory] = []
        self._at_most = at_most

    def __enter__(self) -> None:
        return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, MalformedHistory):
            return False
        self.found.append(error)
        return len(self.found) < self._at_most
