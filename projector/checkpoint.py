"""How far a projection has come. Stored in the transaction of its changes, and nowhere else."""

from __future__ import annotations

import msgspec

from eventstore.stream import Position

__all__ = ["Checkpoint"]


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """All events up to ``position``, and none after it, are in the read model.

    A generation is one building of a read model from the start; a changed projection is a new one.
    """

    projection: str
    generation: int
    position: Position
