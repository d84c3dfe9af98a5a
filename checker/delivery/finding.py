"""What a delivery check finds: a named anomaly, and the events it is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

__all__ = ["IDS_MAX", "Finding", "runs"]

IDS_MAX = 8
"""The most event ids one finding carries: enough to look it up, whatever the damage."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One anomaly of a delivery.

    ``count`` is how many events it is about; ``ids`` names the first of them, at most `IDS_MAX`,
    and ``operations`` the history's operations that prove it, where the check was told of any.
    """

    type: str
    explanation: str
    ids: tuple[str, ...] = ()
    operations: tuple[int, ...] = ()
    count: int = 1


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Merge ascending numbers into runs: 1, 2, 3, 7 gives (1, 3) and (7, 7)."""
    first = last = None
    for number in numbers:
        if first is None or last is None:
            first = last = number
        elif number == last + 1:
            last = number
        else:
            yield first, last
            first = last = number
    if first is not None and last is not None:
        yield first, last
