"""Why no instant can come next, and which of the choices so far must have been wrong.

At a dead end everything waits: an instant for those that must come before it, a commit for the
readers of the versions that it would write over, a beginning for whoever is writing one of its
keys. So there is a circle of waiting. What must come before what is known for certain; that a
version is there which another one would follow, or that a writer has begun before another one, was
a choice, and so is a guess that was made at an earlier dead end. At least one of the choices on a
circle was wrong; where there is only one, that one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from checker.transactions.observed import Observed
from checker.transactions.placing import Placing

__all__ = ["Choice", "wrong_choices"]

_LOOKED_AT: Final = 16
_REACHED_MAX: Final = 2_000


class Choice(NamedTuple):
    """One transaction was placed before another one that writes the same key.

    ``guessed``: it waits for the other one by a guess.
    """

    first: int
    second: int
    guessed: bool = False


class _Waits(NamedTuple):
    """An instant waits for another one, since a choice was made; None if it must anyway."""

    event: int
    choice: Choice | None


def wrong_choices(placing: Placing, observed: Observed) -> list[Choice]:
    """Return the choices on a circle of waiting, one where that is enough.

    There are none where nothing was chosen wrongly, or too much waits to be looked through.
    """
    blocked = [event for _, event in placing.ready[:_LOOKED_AT]]
    # What waits for itself by guesses is not even ready.
    blocked += [other for _, other in placing.guesses if placing.place[other] < 0]
    for event in blocked:
        found = _circle(placing, observed, event, choices_max=1)
        if found:
            return found
    for event in blocked:
        found = _circle(placing, observed, event, choices_max=_REACHED_MAX)
        if found:
            return found
    return []


def _circle(
    placing: Placing, observed: Observed, start: int, *, choices_max: int
) -> list[Choice] | None:
    """Look for a way back to an instant that waits, breadth first; return its choices."""
    came_from: dict[int, tuple[int, Choice | None, int]] = {}
    queue = [(start, 0)]
    for event, choices in queue:  # grows as it is walked through
        for waits in _waits_for(placing, observed, event):
            count = choices + (waits.choice is not None)
            if count > choices_max or len(came_from) > _REACHED_MAX:
                continue
            if waits.event == start:
                return _choices(came_from, start, event, waits.choice)
            if waits.event not in came_from:
                came_from[waits.event] = event, waits.choice, count
                queue.append((waits.event, count))
    return None


def _choices(
    came_from: dict[int, tuple[int, Choice | None, int]],
    start: int,
    event: int,
    last: Choice | None,
) -> list[Choice]:
    found = [last]
    while event != start:
        event, choice, _ = came_from[event]
        found.append(choice)
    return [choice for choice in found if choice is not None]


def _waits_for(placing: Placing, observed: Observed, event: int) -> Iterator[_Waits]:
    """Return what an instant that is not placed waits for."""
    if placing.entering[event]:
        return (
            _Waits(one, _guess(placing, one, event))
            for one in placing.before[event]
            if placing.place[one] < 0
        )
    events = placing.events
    node = events.transaction(event)
    if node is None:
        return iter(())
    if event == events.commit(node):
        return _commit_waits_for(placing, observed, node)
    return (
        _Waits(events.commit(writer), Choice(writer, node))
        for key in observed.writes[node]
        for writer in placing.active(key)
    )


def _guess(placing: Placing, event: int, other: int) -> Choice | None:
    if (event, other) not in placing.guesses:
        return None
    first, second = (placing.events.transaction(one) for one in (other, event))
    return None if first is None or second is None else Choice(first, second, guessed=True)


def _commit_waits_for(placing: Placing, observed: Observed, node: int) -> Iterator[_Waits]:
    for key in observed.writes[node]:
        writer = placing.current(key)
        choice = None if writer < 0 else Choice(writer, node)
        for reader in placing.waiting_readers(key):
            if reader != node:
                yield _Waits(placing.events.begin(reader), choice)
