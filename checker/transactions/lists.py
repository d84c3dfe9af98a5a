"""Lists that are appended to: the order of their versions, and what it says of transactions.

A read of a list shows the whole of its history, so the longest read of a key is the order of its
versions (Kingsbury and Alvaro, "Elle", section 4.2). What no read shows was appended after all that
some read shows, in an order that is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from checker.errors import MalformedHistory
from checker.operation import Outcome
from checker.transactions.list_findings import ListFindings
from checker.transactions.observed import INITIAL, Observed, Read
from checker.transactions.transaction import READ, Token, Transaction, plain

__all__ = ["Append", "ListVersions", "observe_lists"]


class Append(NamedTuple):
    """Who appended an element: the transaction's place, and the place of the micro-operation."""

    transaction: int
    access: int


class ListVersions:
    """The elements of all lists: who appended them, and in which order.

    Args:
        transactions: All of the history, failed ones too.

    Attributes:
        appends: Who appended each element of each key.
        longest: Each key's longest read.
        position: Each key's elements, with their place in the longest read.

    Raises:
        MalformedHistory: Two transactions append the same element to one key.
    """

    def __init__(self, transactions: Sequence[Transaction]) -> None:
        self.transactions = transactions
        self.appends: dict[tuple[Token, Token], Append] = {}
        self.longest: dict[Token, tuple[Token, ...]] = {}
        for place, transaction in enumerate(transactions):
            for number, (f, key, value) in enumerate(transaction.accesses):
                if f != READ:
                    self._append(key, value, Append(place, number))
                elif value is not None and len(value) > len(self.longest.get(key, ())):
                    self.longest[key] = value
        self.position: dict[Token, dict[Token, int]] = {
            key: {element: place for place, element in reversed([*enumerate(order)])}
            for key, order in self.longest.items()
        }

    def _append(self, key: Token, value: Token, append: Append) -> None:
        before = self.appends.setdefault((key, value), append)
        if before == append:
            return
        # What failed did not happen, so that its elements may be appended again.
        transaction = self.transactions[append.transaction]
        if self.transactions[before.transaction].outcome is Outcome.FAIL:
            self.appends[key, value] = append
        elif transaction.outcome is not Outcome.FAIL:
            first = self.transactions[before.transaction]
            raise MalformedHistory(
                f"{plain(value)!r} is appended twice to {plain(key)!r}, by operations "
                f"{first.operation} and {transaction.operation}: the order of a list's versions "
                "is told by its elements, so each is appended once",
                operation=f"operation {transaction.operation}",
            )

    def compatible(self, key: Token, read: tuple[Token, ...]) -> bool:
        """Say whether a read shows the beginning of the key's longest read."""
        return self.longest.get(key, ())[: len(read)] == read

    def author(self, key: Token, element: Token) -> Transaction | None:
        """Return the transaction that appended an element; None if nobody did."""
        append = self.appends.get((key, element))
        return None if append is None else self.transactions[append.transaction]


def observe_lists(transactions: Sequence[Transaction]) -> Observed:
    """Find out how the transactions of a history of lists depend on each other.

    Raises:
        MalformedHistory: Two transactions append the same element to one key.
    """
    versions = ListVersions(transactions)
    shown = {
        versions.appends[key, element].transaction
        for key, order in versions.longest.items()
        for element in order
        if (key, element) in versions.appends
    }
    places = [
        place
        for place, transaction in enumerate(transactions)
        if transaction.outcome is Outcome.OK
        or (transaction.outcome is Outcome.INFO and place in shown)
    ]
    chosen = _Committed(versions, places)
    observed = Observed(
        nodes=[transactions[place] for place in places],
        reads=[chosen.reads(place) for place in places],
        writes=[chosen.keys_written(place) for place in places],
        writers={},
        versions={key: chosen.chain(key) for key in versions.longest},
        unordered=chosen.unordered(),
        findings=ListFindings(versions).all(),
    )
    for node, keys in enumerate(observed.writes):
        for key in keys:
            observed.writers.setdefault(key, []).append(node)
    return observed


class _Committed:
    """The transactions that took effect, as nodes, and the versions that they wrote and read."""

    def __init__(self, versions: ListVersions, places: Sequence[int]) -> None:
        self._versions = versions
        self._places = places
        self._node_of = {place: node for node, place in enumerate(places)}
        self._counts: dict[Token, list[int]] = {}

    def keys_written(self, place: int) -> list[Token]:
        accesses = self._versions.transactions[place].accesses
        return list(dict.fromkeys(one.key for one in accesses if one.f != READ))

    def chain(self, key: Token) -> list[int]:
        """Return the nodes that wrote the elements of a key's longest read."""
        found = (self._author(key, element) for element in self._versions.longest[key])
        return [node for node in found if node is not None]

    def unordered(self) -> dict[Token, list[int]]:
        """Return the nodes that appended what no read shows, of each key."""
        nodes: dict[Token, list[int]] = {}
        for node, place in enumerate(self._places):
            for f, key, value in self._versions.transactions[place].accesses:
                if f != READ and value not in self._versions.position.get(key, ()):
                    others = nodes.setdefault(key, [])
                    if not others or others[-1] != node:
                        others.append(node)
        return nodes

    def reads(self, place: int) -> list[Read]:
        """Return which versions a transaction read, but for its own."""
        reads: list[Read] = []
        for f, key, value in self._versions.transactions[place].accesses:
            if f != READ or value is None:
                continue
            if not value:
                reads.append(Read(key, INITIAL))
                continue
            writer = self._author(key, value[-1])
            if writer is not None and writer != self._node_of[place]:
                reads.append(Read(key, writer, self._count(key, value[-1])))
        return list(dict.fromkeys(reads))

    def _author(self, key: Token, element: Token) -> int | None:
        append = self._versions.appends.get((key, element))
        return None if append is None else self._node_of.get(append.transaction)

    def _count(self, key: Token, element: Token) -> int:
        """Count the committed versions up to one; 0 for one that the longest read does not show."""
        place = self._versions.position.get(key, {}).get(element)
        if place is None:
            return 0
        counts = self._counts.get(key)
        if counts is None:
            authors = (self._author(key, one) for one in self._versions.longest[key])
            counts = [*accumulate(int(author is not None) for author in authors)]
            self._counts[key] = counts
        return counts[place]
