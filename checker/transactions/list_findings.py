"""What is wrong with a history of lists whatever the order of its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checker.models.describe import shorten
from checker.operation import Outcome
from checker.transactions.observed import Finding
from checker.transactions.transaction import READ, Token, Transaction, plain

if TYPE_CHECKING:
    from checker.transactions.lists import ListVersions

__all__ = ["ListFindings"]

Elements = tuple[Token, ...]


class ListFindings:
    """Looks through the reads of a history of lists; names are Elle's."""

    def __init__(self, versions: ListVersions) -> None:
        self._versions = versions
        self._bad: dict[Token, list[tuple[int, Token]]] = {}

    def all(self) -> list[Finding]:
        """Return everything found, the worst first."""
        findings = [
            *self._orders(),
            *(one for transaction in self._done() for one in self._of_reads(transaction)),
            *self._dirty_updates(),
            *(one for transaction in self._done() for one in _internal(transaction)),
            *self._lost_updates(),
        ]
        return list({(one.type, one.operations): one for one in findings}.values())

    def _done(self) -> Iterator[Transaction]:
        """Return the transactions whose reads are known."""
        return (one for one in self._versions.transactions if one.outcome is Outcome.OK)

    def _orders(self) -> Iterator[Finding]:
        """Find reads that contradict the longest read of their key, or themselves."""
        longest: dict[Token, Transaction] = {}
        for transaction in self._done():
            for f, key, value in transaction.accesses:
                if f == READ and value == self._versions.longest.get(key):
                    longest.setdefault(key, transaction)
        for transaction in self._done():
            for f, key, value in transaction.accesses:
                if f != READ:
                    continue
                first = longest.get(key) is transaction
                if (first or not self._versions.compatible(key, value)) and (
                    len(set(value)) < len(value)
                ):
                    yield _duplicate(transaction, key, value)
                if not self._versions.compatible(key, value):
                    other = longest[key]
                    yield _incompatible(key, other, transaction, self._versions.longest[key], value)

    def _of_reads(self, transaction: Transaction) -> Iterator[Finding]:
        """Find reads of what never happened, or was not yet, or not all, there."""
        for number, (f, key, value) in enumerate(transaction.accesses):
            if f != READ or not value:
                continue
            for element in self._suspects(key, value):
                author = self._versions.author(key, element)
                if author is None:
                    yield _of_read(
                        "thin-air", transaction, key, value, element, "nobody appended to it"
                    )
                elif author.outcome is Outcome.FAIL:
                    why = f"operation {author.operation} appended to it, and failed"
                    yield _of_read("G1a", transaction, key, value, element, why, author)
            yield from self._of_last(transaction, number, key, value)

    def _of_last(
        self, transaction: Transaction, number: int, key: Token, value: Elements
    ) -> Iterator[Finding]:
        appends = [
            (place, one.value)
            for place, one in enumerate(transaction.accesses)
            if one.f != READ and one.key == key
        ]
        for place, element in appends:
            if place > number and element in value:
                why = "it appended only after the read"
                yield _of_read("future-read", transaction, key, value, element, why)
        author = self._versions.author(key, value[-1])
        if author is None or author.operation == transaction.operation:
            return
        last = [one.value for one in author.accesses if one.f != READ and one.key == key][-1]
        if last != value[-1]:
            why = f"operation {author.operation} went on to append {shorten(plain(last))}"
            yield _of_read("G1b", transaction, key, value, value[-1], why, author)

    def _suspects(self, key: Token, value: Elements) -> Elements:
        """Return the elements of a read that did not happen, as far as they need a look."""
        bad = self._bad_of(key)
        if self._versions.compatible(key, value):
            return tuple(element for place, element in bad if place < len(value))
        return value

    def _bad_of(self, key: Token) -> list[tuple[int, Token]]:
        found = self._bad.get(key)
        if found is None:
            found = self._bad[key] = [
                (place, element)
                for place, element in enumerate(self._versions.longest.get(key, ()))
                if (author := self._versions.author(key, element)) is None
                or author.outcome is Outcome.FAIL
            ]
        return found

    def _dirty_updates(self) -> Iterator[Finding]:
        """Find committed appends on top of failed ones."""
        for key, order in self._versions.longest.items():
            failed: tuple[Token, Transaction] | None = None
            for element in order:
                author = self._versions.author(key, element)
                if author is None:
                    continue
                if author.outcome is Outcome.FAIL:
                    failed = failed or (element, author)
                elif failed is not None and author.outcome is Outcome.OK:
                    yield Finding(
                        type="dirty-update",
                        operations=(failed[1].operation, author.operation),
                        explanation=f"operation {author.operation} appended "
                        f"{shorten(plain(element))} to {_name(key)} on top of the "
                        f"{shorten(plain(failed[0]))} of operation {failed[1].operation}, "
                        "which failed",
                    )
                    break

    def _lost_updates(self) -> Iterator[Finding]:
        """Find transactions that read the same version of a key, and both appended to it."""
        first: dict[tuple[Token, Elements | int], Transaction] = {}
        for transaction in self._done():
            seen: set[Token] = set()
            keys = {one.key for one in transaction.accesses if one.f != READ}
            for f, key, value in transaction.accesses:
                if key in seen or key not in keys:
                    continue
                seen.add(key)
                if f != READ:
                    continue
                whole = self._versions.compatible(key, value)
                before = first.setdefault((key, len(value) if whole else value), transaction)
                if before is not transaction:
                    operations = (before.operation, transaction.operation)
                    yield Finding(
                        type="lost-update",
                        operations=operations,
                        explanation=f"operations {operations[0]} and {operations[1]} both read "
                        f"{_name(key)} as {_list(value)} and appended to it: one of them did not "
                        "see the other's update",
                    )


def _internal(transaction: Transaction) -> Iterator[Finding]:
    """Find reads that contradict what the transaction itself had read and appended before."""
    known: dict[Token, Elements] = {}
    own: dict[Token, Elements] = {}
    for f, key, value in transaction.accesses:
        if f != READ:
            if key in known:
                known[key] = (*known[key], value)
            else:
                own[key] = (*own.get(key, ()), value)
            continue
        before, end = known.get(key), own.get(key, ())
        sound = value[len(value) - len(end) :] == end if before is None else before == value
        if not sound:
            ends = f"something that ends in {_list(end)}"
            expected = ends if before is None else _list(before)
            yield Finding(
                type="internal",
                operations=(transaction.operation,),
                explanation=f"operation {transaction.operation} read {_name(key)} as "
                f"{_list(value)}, but by what it had read and appended itself it is {expected}",
            )
        known[key] = value


def _incompatible(
    key: Token, other: Transaction, reader: Transaction, longest: Elements, value: Elements
) -> Finding:
    return Finding(
        type="incompatible-order",
        operations=tuple(dict.fromkeys((other.operation, reader.operation))),
        explanation=f"operation {reader.operation} read {_name(key)} as {_list(value)}, which is "
        f"not how the {_list(longest)} of operation {other.operation} began: no order of appends "
        "shows both",
    )


def _duplicate(transaction: Transaction, key: Token, value: Elements) -> Finding:
    twice = next(one for place, one in enumerate(value) if one in value[:place])
    return Finding(
        type="duplicate-elements",
        operations=(transaction.operation,),
        explanation=f"operation {transaction.operation} read {_name(key)} as {_list(value)}, where "
        f"{shorten(plain(twice))} occurs twice: it was appended once",
    )


def _of_read(
    name: str,
    transaction: Transaction,
    key: Token,
    value: Elements,
    element: Token,
    why: str,
    author: Transaction | None = None,
) -> Finding:
    others = () if author is None else (author.operation,)
    return Finding(
        type=name,
        operations=(*others, transaction.operation),
        explanation=f"operation {transaction.operation} read {_name(key)} as {_list(value)}, "
        f"with the {shorten(plain(element))} that {why}",
    )


def _name(key: Token) -> str:
    return shorten(plain(key))


def _list(value: Elements) -> str:
    return shorten([plain(one) for one in value])
