"""What a history tells of its transactions, whatever the objects are.

Registers and lists are both reduced to this: who read whose version of which key, who wrote which
keys, and what is known of the order of writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from checker.transactions.transaction import Token, Transaction
from checker.verdict import Dependency

__all__ = ["INITIAL", "Finding", "Observed", "Read", "limited"]

INITIAL: Final = -1
"""Who wrote the versions that keys have before any transaction."""

_FINDINGS_MAX: Final = 8
_ALIKE_MAX: Final = 4


class Read(NamedTuple):
    """A read of a version: the key, and the node that wrote it (`INITIAL`: nobody).

    ``versions`` counts the key's known versions up to it, which is 0 where no order is known.
    """

    key: Token
    writer: int
    versions: int = 0


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that no level, or not every level, allows.

    ``operations`` are indices into the history; ``cycle`` is there if it is one.
    """

    type: str
    operations: tuple[int, ...]
    explanation: str
    cycle: tuple[Dependency, ...] = ()


class Observed(msgspec.Struct, kw_only=True):
    """The committed transactions of a history, and how they depend on each other.

    Attributes:
        nodes: The transactions that took effect: OK, or of unknown outcome and seen by another.
        reads: Each node's reads of versions that others wrote, in the order of the program.
        writes: The keys that each node wrote.
        writers: The nodes that wrote each key, in order of invocation.
        versions: Each key's known order of versions, as the nodes that wrote them; empty where no
            order is known at all.
        unordered: The nodes that wrote versions of a key that come after all of ``versions``, in an
            order that is not known.
        findings: What is wrong whatever the order.
    """

    nodes: Sequence[Transaction]
    reads: list[list[Read]]
    writes: list[list[Token]]
    writers: dict[Token, list[int]]
    versions: dict[Token, list[int]]
    unordered: dict[Token, list[int]]
    findings: list[Finding]

    def operation(self, node: int) -> int:
        """Return the index of a node's operation in the history."""
        return self.nodes[node].operation


def limited(findings: Sequence[Any]) -> list[Any]:
    """Return the first findings: at most 8, and at most 4 of one name."""
    kept: list[Any] = []
    alike: dict[str, int] = {}
    for finding in findings:
        alike[finding.type] = alike.get(finding.type, 0) + 1
        if alike[finding.type] <= _ALIKE_MAX and len(kept) < _FINDINGS_MAX:
            kept.append(finding)
    return kept
