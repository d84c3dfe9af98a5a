"""Registers that are written: who read from whom, where each value is written once.

Nothing shows the order of a register's versions, so `Observed.versions` stays empty; a read of null
is a read of what was there before any transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from checker.errors import MalformedHistory
from checker.models.describe import shorten
from checker.operation import Outcome
from checker.transactions.observed import INITIAL, Finding, Observed, Read
from checker.transactions.transaction import READ, Access, Token, Transaction, plain

__all__ = ["observe_registers"]


class _Write(NamedTuple):
    """Who wrote a value: the transaction's place, and the place of its micro-operation."""

    transaction: int
    access: int


def observe_registers(transactions: Sequence[Transaction]) -> Observed:
    """Find out who read from whom in a history of registers.

    Raises:
        MalformedHistory: A value was read that two transactions wrote to the key.
    """
    return _Registers(transactions).observe()


class _Registers:
    def __init__(self, transactions: Sequence[Transaction]) -> None:
        self._transactions = transactions
        self._writes: dict[tuple[Token, Token], _Write] = {}
        self._again: dict[tuple[Token, Token], Transaction] = {}
        self._last: dict[tuple[int, Token], Token] = {}
        for place, transaction in enumerate(transactions):
            for number, (f, key, value) in enumerate(transaction.accesses):
                if f != READ:
                    self._last[place, key] = value
                    self._write((key, value), _Write(place, number))

    def _write(self, version: tuple[Token, Token], write: _Write) -> None:
        before = self._writes.setdefault(version, write)
        if before.transaction == write.transaction:
            # What a transaction writes twice to one key counts as what it wrote last.
            self._writes[version] = write
        elif self._transactions[before.transaction].outcome is Outcome.FAIL:
            self._writes[version] = write
        elif self._transactions[write.transaction].outcome is not Outcome.FAIL:
            self._again[version] = self._transactions[write.transaction]

    def observe(self) -> Observed:
        findings = [
            finding
            for place, transaction in enumerate(self._transactions)
            if transaction.outcome is Outcome.OK
            for finding in self._findings(place)
        ]
        places = self._committed()
        node_of = {place: node for node, place in enumerate(places)}
        observed = Observed(
            nodes=[self._transactions[place] for place in places],
            reads=[self._reads(place, node_of) for place in places],
            writes=[
                list(dict.fromkeys(one.key for one in self._accesses(place) if one.f != READ))
                for place in places
            ],
            writers={},
            versions={},
            unordered={},
            findings=list({(one.type, one.operations): one for one in findings}.values()),
        )
        for node, keys in enumerate(observed.writes):
            for key in keys:
                observed.writers.setdefault(key, []).append(node)
        observed.findings += _lost_updates(observed)
        return observed

    def _accesses(self, place: int) -> tuple[Access, ...]:
        return self._transactions[place].accesses

    def _committed(self) -> list[int]:
        """Return the places of what took effect: unless it was read, what may have is left out."""
        read_from = {
            self._writes[one.key, one.value].transaction
            for transaction in self._transactions
            if transaction.outcome is Outcome.OK
            for one in transaction.accesses
            if one.f == READ and (one.key, one.value) in self._writes
        }
        return [
            place
            for place, transaction in enumerate(self._transactions)
            if transaction.outcome is Outcome.OK
            or (transaction.outcome is Outcome.INFO and place in read_from)
        ]

    def _reads(self, place: int, node_of: dict[int, int]) -> list[Read]:
        reads: list[Read] = []
        own: set[Token] = set()
        if self._transactions[place].outcome is not Outcome.OK:
            return reads
        for f, key, value in self._accesses(place):
            if f != READ:
                own.add(key)
            elif key not in own:
                if value is None:
                    reads.append(Read(key, INITIAL))
                    continue
                write = self._writes.get((key, value))
                writer = None if write is None else node_of.get(write.transaction)
                if writer is not None and writer != node_of[place]:
                    reads.append(Read(key, writer))
        return reads

    def _findings(self, place: int) -> Iterator[Finding]:
        """Find what is wrong with the reads of one transaction, whatever the others' order."""
        reader = self._transactions[place]
        own: dict[Token, Token] = {}
        seen: dict[Token, Token] = {}
        for number, (f, key, value) in enumerate(reader.accesses):
            if f != READ:
                own[key] = value
                continue
            if key in own:
                if own[key] != value:
                    why = f"though it had written {shorten(plain(own[key]))} itself"
                    yield _finding("internal", reader, key, value, why)
                    if value is not None:
                        yield from self._of_source(place, number, key, value)
                continue
            if seen.setdefault(key, value) != value:
                why = f"and before as {shorten(plain(seen[key]))}"
                yield _finding("non-repeatable-read", reader, key, value, why)
            if value is not None:
                yield from self._of_source(place, number, key, value)

    def _of_source(self, place: int, number: int, key: Token, value: Token) -> Iterator[Finding]:
        reader = self._transactions[place]
        write = self._writes.get((key, value))
        if write is None:
            yield _finding("thin-air", reader, key, value, "which nobody wrote")
            return
        writer = self._transactions[write.transaction]
        if (key, value) in self._again:
            other = self._again[key, value]
            raise MalformedHistory(
                f"operation {reader.operation} read {plain(value)!r} of {plain(key)!r}, which "
                f"operations {writer.operation} and {other.operation} both wrote: who read from "
                "whom is told by values, so each is written to a key once",
                operation=f"operation {reader.operation}",
            )
        if write.transaction == place:
            if write.access > number:
                yield _finding("future-read", reader, key, value, "which it wrote only later")
        elif writer.outcome is Outcome.FAIL:
            why = f"which operation {writer.operation} wrote, and it failed"
            yield _finding("G1a", reader, key, value, why, writer)
        elif self._last[write.transaction, key] != value:
            last = shorten(plain(self._last[write.transaction, key]))
            why = f"which operation {writer.operation} wrote before its last write, of {last}"
            yield _finding("G1b", reader, key, value, why, writer)


def _lost_updates(observed: Observed) -> Iterator[Finding]:
    """Find transactions that read the same version of a key, and both wrote the key."""
    first: dict[Read, int] = {}
    for node, reads in enumerate(observed.reads):
        for read in reads:
            if read.key not in observed.writes[node]:
                continue
            before = first.setdefault(read, node)
            if before != node:
                operations = (observed.operation(before), observed.operation(node))
                yield Finding(
                    type="lost-update",
                    operations=operations,
                    explanation=f"operations {operations[0]} and {operations[1]} both read the "
                    f"same version of {shorten(plain(read.key))} and wrote over it: one of them "
                    "did not see the other's update",
                )


def _finding(
    name: str,
    reader: Transaction,
    key: Token,
    value: Token,
    why: str,
    writer: Transaction | None = None,
) -> Finding:
    return Finding(
        type=name,
        operations=(*(() if writer is None else (writer.operation,)), reader.operation),
        explanation=f"operation {reader.operation} read {shorten(plain(key))} as "
        f"{shorten(plain(value))}, {why}",
    )
