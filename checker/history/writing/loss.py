"""What a format cannot hold of a history: said before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from checker.errors import CheckerError
from checker.operation import Operation

__all__ = ["LosesInformation", "Loss", "header_loss", "operations_loss"]


class Loss(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing that would be lost, how often, and where it first is."""

    what: str
    count: int = 1
    line: int | None = None
    operation: str | None = None

    def __str__(self) -> str:
        times = f" ({self.count:,} times)" if self.count > 1 else ""
        place = "" if self.line is None else f", first on line {self.line}"
        return f"{self.what}{times}{place}" + (f" [{self.operation}]" if self.operation else "")


class LosesInformation(CheckerError):
    """The format cannot hold all of the history; nothing was written."""

    def __init__(self, format: str, losses: Sequence[Loss]) -> None:  # noqa: A002 - what it is
        super().__init__(f"{format} cannot hold {'; '.join(map(str, losses))}")
        self.format = format
        self.losses = tuple(losses)


def header_loss(header: dict[str, Any]) -> list[Loss]:
    """Say that a header would be lost, if there is one."""
    return [Loss(what=f"the header ({', '.join(header)})")] if header else []


def operations_loss(what: str, operations: Iterable[Operation]) -> list[Loss]:
    """Say that something of these operations would be lost, if there are any."""
    found = list(operations)
    if not found:
        return []
    first = found[0]
    words = f"{first.index}: process {first.process} {first.f}"
    return [Loss(what=what, count=len(found), line=first.line, operation=words)]
