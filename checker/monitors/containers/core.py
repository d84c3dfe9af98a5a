"""The smallest evidence: a part that is still wrong, and none of its parts is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["minimal_core"]

T = TypeVar("T")


def minimal_core(things: Sequence[T], is_wrong: Callable[[list[T]], bool]) -> list[T]:
    """Return a wrong part of ``things`` of which nothing can be left out, in their order.

    What is wrong stays so when things are added, and ``things`` are wrong as they are. Each member
    of the core costs O(log n) questions: it ends the shortest prefix that is wrong together with
    the members found before.
    """
    core: list[int] = []
    low = len(things)
    while not is_wrong([things[place] for place in sorted(core)]):
        first, last = 1, low
        while first < last:
            middle = (first + last) // 2
            if is_wrong([things[place] for place in (*range(middle), *sorted(core))]):
                last = middle
            else:
                first = middle + 1
        low = first - 1
        core.append(low)
    return [things[place] for place in sorted(core)]
