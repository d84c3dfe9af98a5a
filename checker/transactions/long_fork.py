"""Judge a long fork: two reads of which each saw a write that the other one did not.

Each key is written once, so reads of one group can be put in order by what they saw; where they
cannot, writes became visible in two different orders, which parallel snapshot isolation allows and
snapshot isolation does not (Sovran and others, SOSP 2011).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from checker.models.accesses import READ, Token, plain
from checker.models.describe import shorten
from checker.models.long_fork import LongFork
from checker.models.malformed import malformed
from checker.operation import Operation, Outcome
from checker.transactions.judgement import Judgement
from checker.transactions.observed import Finding, limited

__all__ = ["judge_long_fork"]


class _Look(NamedTuple):
    """What one read saw of its group: the keys that had been written."""

    operation: Operation
    written: frozenset[Token]


def judge_long_fork(model: LongFork, operations: Sequence[Operation]) -> Judgement:
    """Compare all reads of each group.

    Raises:
        MalformedHistory: An operation is none of long-fork, two reads show different values of one
            key, or read different numbers of keys.
    """
    groups: dict[frozenset[Token], list[_Look]] = {}
    values: dict[Token, tuple[Token, Operation]] = {}
    size = model.group_size
    for operation in operations:
        accesses = model.accesses(operation)
        if operation.outcome is not Outcome.OK or not accesses or accesses[0].f != READ:
            continue
        if size is not None and len(accesses) != size:
            raise malformed(f"a read of {len(accesses)} keys, where others read {size}", operation)
        size = len(accesses)
        for one in accesses:
            if one.value is None:
                continue
            value, before = values.setdefault(one.key, (one.value, operation))
            if value != one.value:
                raise malformed(
                    f"{shorten(plain(one.key))} is {shorten(plain(one.value))} here, and "
                    f"{shorten(plain(value))} to operation {before.index}: keys are written once",
                    operation,
                )
        written = frozenset(one.key for one in accesses if one.value is not None)
        group = frozenset(one.key for one in accesses)
        groups.setdefault(group, []).append(_Look(operation, written))
    findings = [finding for looks in groups.values() for finding in _forks(looks)]
    return Judgement(algorithm="monitor: reads of a group in order", findings=limited(findings))


def _forks(looks: Sequence[_Look]) -> Iterator[Finding]:
    """Find reads without an order: sorted by how much they saw, each must include the last."""
    ordered = sorted(looks, key=lambda look: (len(look.written), look.operation.index))
    for before, after in pairwise(ordered):
        if before.written <= after.written:
            continue
        one = shorten(plain(next(iter(before.written - after.written))))
        other = shorten(plain(next(iter(after.written - before.written))))
        first, second = sorted((before.operation.index, after.operation.index))
        yield Finding(
            type="long-fork",
            operations=(first, second),
            explanation=f"operation {before.operation.index} saw the write of {one} and not that "
            f"of {other}, operation {after.operation.index} that of {other} and not that of {one}",
        )
