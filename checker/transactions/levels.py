"""Consistency levels of transactions: what each forbids, and which one follows from which.

Sources: Adya, "Weak consistency" (MIT 1999) for the phenomena; Cerone, Bernardi and Gotsman, "A
framework for transactional consistency models" (CONCUR 2015) and Biswas and Enea, "On the
complexity of checking transactional consistency" (OOPSLA 2019) for read-atomic and causal; Terry
and others, "Session guarantees" (PDIS 1994); jepsen.io/consistency for the names.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from checker.errors import UnknownConsistency
from checker.transactions.cycles import Order, Phenomenon

__all__ = [
    "DEFAULT_LEVEL",
    "LEVELS",
    "Level",
    "Visibility",
    "level_named",
    "stronger_than",
    "weakest",
]

DEFAULT_LEVEL: Final = "strict-serializable"


class Visibility(enum.StrEnum):
    """Whose writes a level makes a transaction see; the levels that no cycle of Adya's defines."""

    STATEMENT = "non-monotonic-read"
    """Whatever one of its earlier reads came from (read committed, for registers)."""
    ATOMIC = "fractured-read"
    """Everything of whom it reads from, and of its session where sessions count."""
    CAUSAL = "causality-violation"
    """Everything of all that lead to it by reads and sessions."""
    OWN_WRITES = "own-write-unseen"
    """What its session wrote."""
    OWN_READS = "non-monotonic-session"
    """What its session read from."""
    WRITERS_SESSION = "writes-out-of-order"
    """What the sessions of those it reads from had written before them."""
    WRITERS_READS = "write-before-its-read"
    """What the sessions of those it reads from had read from before they wrote."""


_ANY: Final = frozenset({"thin-air", "duplicate-elements"})
_COMMITTED: Final = _ANY | {"G1a", "G1b", "incompatible-order", "dirty-update", "future-read"}
_ATOMIC: Final = _COMMITTED | {"internal", "non-repeatable-read"}
_SESSION: Final = _COMMITTED | {"internal"}
_UPDATES: Final = frozenset({"lost-update"})


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One level.

    ``worst`` is the last of Adya's cycles that it forbids, ``order`` which orders of clients such
    cycles may use, ``forbids`` the names of what needs no cycle; ``visibility`` replaces ``worst``.
    """

    name: str
    forbids: frozenset[str]
    worst: Phenomenon | None = None
    order: Order = Order.NONE
    visibility: Visibility | None = None


def _adya(name: str, worst: Phenomenon, forbids: frozenset[str], orders: str = "") -> list[Level]:
    """Return a level and, as ``orders`` has them, its strong forms."""
    strong = {"s": ("strong-session-", Order.PROCESS), "r": ("strong-", Order.REALTIME)}
    return [
        Level(name=name, worst=worst, forbids=forbids),
        *(
            Level(name=strong[one][0] + name, worst=worst, forbids=forbids, order=strong[one][1])
            for one in orders
        ),
    ]


def _visible(name: str, visibility: Visibility, forbids: frozenset[str]) -> Level:
    return Level(name=name, visibility=visibility, forbids=forbids, order=Order.PROCESS)


_ALL: Final = (
    *_adya("read-uncommitted", Phenomenon.G0, _ANY, "sr"),
    *_adya("read-committed", Phenomenon.G1C, _COMMITTED, "sr"),
    *_adya("cursor-stability", Phenomenon.G1C, _COMMITTED | _UPDATES),
    Level(name="read-atomic", visibility=Visibility.ATOMIC, forbids=_ATOMIC),
    Level(name="update-atomic", visibility=Visibility.ATOMIC, forbids=_ATOMIC | _UPDATES),
    _visible("read-your-writes", Visibility.OWN_WRITES, _SESSION),
    _visible("monotonic-reads", Visibility.OWN_READS, _SESSION),
    _visible("monotonic-writes", Visibility.WRITERS_SESSION, _SESSION),
    _visible("writes-follow-reads", Visibility.WRITERS_READS, _SESSION),
    _visible("causal", Visibility.CAUSAL, _ATOMIC),
    *_adya("consistent-view", Phenomenon.G_SINGLE, _COMMITTED | _UPDATES),
    *_adya("repeatable-read", Phenomenon.G2, _COMMITTED | _UPDATES),
    *_adya("snapshot-isolation", Phenomenon.G_NONADJACENT, _ATOMIC | _UPDATES, "sr"),
    *_adya("serializable", Phenomenon.G2, _ATOMIC | _UPDATES, "s"),
    Level(
        name=DEFAULT_LEVEL,
        worst=Phenomenon.G2,
        order=Order.REALTIME,
        forbids=_ATOMIC | _UPDATES,
    ),
)
LEVELS: Mapping[str, Level] = MappingProxyType({level.name: level for level in _ALL})
"""Every level that transactions can be judged by, from the weakest on."""

_STRONGER: Final[Mapping[str, tuple[str, ...]]] = {
    "read-uncommitted": ("read-committed", "strong-session-read-uncommitted"),
    "strong-session-read-uncommitted": (
        "strong-read-uncommitted",
        "strong-session-read-committed",
    ),
    "strong-read-uncommitted": ("strong-read-committed",),
    "read-committed": (
        "cursor-stability",
        "read-atomic",
        "strong-session-read-committed",
        "read-your-writes",
        "monotonic-reads",
        "monotonic-writes",
        "writes-follow-reads",
    ),
    "strong-session-read-committed": (
        "strong-read-committed",
        "causal",
    ),
    "strong-read-committed": ("strong-snapshot-isolation",),
    "cursor-stability": ("consistent-view", "repeatable-read"),
    "read-atomic": ("update-atomic", "causal"),
    "update-atomic": ("snapshot-isolation",),
    "read-your-writes": ("causal",),
    "monotonic-reads": ("causal",),
    "monotonic-writes": ("causal",),
    "writes-follow-reads": ("causal",),
    "causal": ("strong-session-snapshot-isolation",),
    "consistent-view": ("snapshot-isolation",),
    "repeatable-read": ("serializable",),
    "snapshot-isolation": ("serializable", "strong-session-snapshot-isolation"),
    "serializable": ("strong-session-serializable",),
    "strong-session-snapshot-isolation": (
        "strong-session-serializable",
        "strong-snapshot-isolation",
    ),
    "strong-snapshot-isolation": (DEFAULT_LEVEL,),
    "strong-session-serializable": (DEFAULT_LEVEL,),
}
"""Each level's next stronger ones: what satisfies one of them satisfies the level."""


def level_named(name: str) -> Level:
    """Return a level.

    Raises:
        UnknownConsistency: There is none of this name.
    """
    level = LEVELS.get(name)
    if level is None:
        raise UnknownConsistency(
            f"transactions are not judged by {name!r}: there are {', '.join(LEVELS)}"
        )
    return level


def stronger_than(names: Iterable[str]) -> tuple[str, ...]:
    """Return the levels that are stronger than one of these, from the weakest on."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        for stronger in _STRONGER.get(pending.pop(), ()):
            if stronger not in found:
                found.add(stronger)
                pending.append(stronger)
    return tuple(name for name in LEVELS if name in found)


def weakest(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of these levels that are not stronger than another of them."""
    named = set(names)
    implied = set(stronger_than(named))
    return tuple(name for name in LEVELS if name in named and name not in implied)
