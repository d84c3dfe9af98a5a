"""How far a projection has come. Stored in the transaction of its changes, and nowhere else."""

from __future__ import annotations

import msgspec

from eventstore.stream import Position

__all__ = ["Checkpoint", "announced_on"]


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """All events up to ``position``, and none after it, are in the read model.

    A generation is one building of a read model from the start; a changed projection is a new one.
    """

    projection: str
    generation: int
    position: Position


def announced_on(projection: str, generation: int | str) -> str:
    """Name the NATS subject on which a checkpoint is announced when it has moved.

    The message is the position, in decimal digits. It is a hint to look, and never the truth.
    """
    return f"trueorder.projected.{projection}.{generation}"
