"""Which partition a stream is in, and which partitions a member is to have. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from eventstore import wire
from eventstore.stream import Position, StreamName

__all__ = ["Assignment", "Lease", "Plan", "partition_of", "plan", "share_of"]

_OFFSET: Final = 0x811C9DC5
_PRIME: Final = 0x01000193
_MASK: Final = 0xFFFFFFFF


@lru_cache(maxsize=1 << 16)
def partition_of(stream: StreamName, partitions: int) -> int:
    """Return the partition of a stream, from 0: it is the same in every language, for ever.

    It is FNV-1a with 32 bits, modulo the number of partitions, of the stream's token in the subject
    (the third one, as it stands, in UTF-8). NATS computes the same in ``{{partition(n,2)}}`` of
    ``events.*.*.*``. Source: draft-eastlake-fnv, and the tests' vectors.
    """
    value = _OFFSET
    for byte in wire.escape_token(stream).encode():
        value = (value ^ byte) * _PRIME & _MASK
    return value % partitions


class Lease(msgspec.Struct, frozen=True):
    """A partition that a member owns: ``token`` grows each time that it changes hands.

    ``position`` is its checkpoint, as it was when the lease was read.
    """

    partition: int
    token: int
    position: Position


class Assignment(msgspec.Struct, frozen=True):
    """What a member owns, and which of it it is to give back, since others have too little."""

    leases: Mapping[int, Lease] = msgspec.field(default_factory=dict)
    surplus: tuple[int, ...] = ()


class Plan(msgspec.Struct, frozen=True):
    """Which partitions to take now, and which to give back when what is in hand is handled."""

    take: tuple[int, ...]
    surplus: tuple[int, ...]


def share_of(member: str, members: Collection[str], partitions: int) -> int:
    """Return how many partitions a member is to have; the shares add up to all partitions.

    Raises:
        ValueError: it is none of the members.
    """
    rank = sorted(members).index(member)
    each, left = divmod(partitions, len(members))
    return each + (rank < left)


def plan(*, owned: Collection[int], free: Collection[int], share: int) -> Plan:
    """Choose so that a member gets to its share, and that what moves is as little as possible."""
    mine = sorted(owned)
    wanted = max(0, share - len(mine))
    return Plan(take=tuple(sorted(free)[:wanted]), surplus=tuple(mine[share:]))
