"""Search for an order in which transactions can have taken effect, where no order is known.

The prefix method of Biswas and Enea (OOPSLA 2019, sections 4 and 5): whether a set of transactions
can be extended depends on the set alone, since no write of a key may come before all have read
what they read of the version that is there. Sets that were extended in vain are remembered, so the
search is polynomial for a fixed number of sessions. What only reads is placed as soon as it can be,
which never hurts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from checker.transactions.dead_ends import Choice, wrong_choices
from checker.transactions.events import Events
from checker.transactions.observed import Observed
from checker.transactions.placing import Placing, Rank

__all__ = ["CommitSearch", "Found"]

_LOOK_EVERY: Final = 256
_STUCK_MAX: Final = 4


class Found(NamedTuple):
    """What a search came to.

    ``order`` is an order of commits; if it is None, there is none (``exhausted``), or the budget
    ended. ``stuck`` are transactions that could not follow the longest attempt; ``sets`` counts the
    sets that were given up.
    """

    order: list[int] | None
    exhausted: bool
    stuck: tuple[int, ...]
    sets: int


class CommitSearch:
    """One search.

    Args:
        observed: The history.
        events: What order the instants must have.
        expired: Says that time is up.
        sets_max: How many sets of transactions may be given up.
        guessing: At a dead end, guess that the latest choice that may have been wrong was, whether
            or not another one was; a guess that leads to a dead end is taken back once and for all.
            That finds an order where choices are mostly right, as those by real time are, and never
            proves that there is none.
    """

    def __init__(
        self,
        observed: Observed,
        events: Events,
        expired: Callable[[], bool],
        sets_max: int,
        *,
        guessing: bool = False,
    ) -> None:
        self._observed = observed
        self._events = events
        self._expired = expired
        self._sets_max = sets_max
        self._guessing = guessing
        self._failed: set[int] = set()
        self._not_wrong: set[Choice] = set()
        # Each choice: how many instants were placed before it, and the rank of the chosen one.
        self._choices: list[tuple[int, Rank]] = []
        self._longest = -1
        self._stuck: tuple[int, ...] = ()

    def run(self) -> Found:
        """Search."""
        order = self._events.graph.order()
        if order is None:
            return self._given_up(exhausted=True)
        placing = Placing(self._observed, self._events, order)
        after: Rank | None = None
        steps = 0
        while True:
            steps += 1
            if steps % _LOOK_EVERY == 0 and self._expired():
                return self._given_up(exhausted=False)
            if after is None and self._all_placed(placing):
                return Found(placing.commits(), exhausted=True, stuck=(), sets=len(self._failed))
            event = None if placing.print in self._failed else placing.next(after)
            if event is not None:
                self._choices.append((len(placing.placed), placing.rank(event)))
                placing.put(event)
                after = None
                continue
            if after is None and self._learn(placing):
                continue
            self._failed.add(placing.print)
            if not self._choices or len(self._failed) > self._sets_max:
                return self._given_up(exhausted=not self._choices)
            count, after = self._choices.pop()
            placing.take_back(count)

    def _given_up(self, *, exhausted: bool) -> Found:
        exhausted = exhausted and not self._guessing
        return Found(None, exhausted=exhausted, stuck=self._stuck, sets=len(self._failed))

    def _all_placed(self, placing: Placing) -> bool:
        """Place what only observes; say whether nothing is left."""
        placing.place_observers()
        if len(placing.placed) > self._longest:
            self._longest, self._stuck = len(placing.placed), self._waiting(placing)
        return len(placing.placed) == len(placing)

    def _waiting(self, placing: Placing) -> tuple[int, ...]:
        nodes = (self._events.transaction(event) for _, event in placing.ready[:_STUCK_MAX])
        return tuple(dict.fromkeys(node for node in nodes if node is not None))

    def _learn(self, placing: Placing) -> bool:
        """Find out at a dead end what was forced, and go back to before it was done otherwise."""
        choices = wrong_choices(placing, self._observed)
        if len(choices) == 1 and not self._guessing:
            self._undo(placing, choices[0], guess=False)
            return True
        return self._guessing and bool(choices) and self._guess(placing, choices)

    def _guess(self, placing: Placing, choices: Sequence[Choice]) -> bool:
        """Undo the latest choice of those that were not found right, or else a guess."""
        open_choices = [one for one in choices if not one.guessed and one not in self._not_wrong]
        if open_choices:
            latest = max(open_choices, key=lambda choice: self._begun(placing, choice))
            self._undo(placing, latest, guess=len(choices) > 1)
            return True
        guess = next((one for one in choices if one.guessed), None)
        if guess is None:
            return False
        self._not_wrong.add(guess._replace(guessed=False))
        placing.need_not(self._events.commit(guess.second), self._events.begin(guess.first))
        return True

    def _begun(self, placing: Placing, choice: Choice) -> int:
        return placing.place[self._events.begin(choice.first)]

    def _undo(self, placing: Placing, choice: Choice, *, guess: bool) -> None:
        begin = self._events.begin(choice.first)
        placing.take_back(placing.place[begin])
        placing.must_come_before(self._events.commit(choice.second), begin, guess=guess)
        while self._choices and self._choices[-1][0] >= len(placing.placed):
            self._choices.pop()
