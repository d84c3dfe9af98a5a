"""Which epoch of the log a consumer is in, and whether it may go on in a later one. No I/O.

An operator begins an epoch (`eventstore relay heal --new-epoch`) when the log was restored from a
backup and goes on without what it lost. Positions after that one are given to other events. A
consumer that has handled the lost ones would skip as many new ones and never know; so it stops. One
that is not so far goes on.

A position does not say from which epoch it is, so the epoch has to be kept beside it: before the
first event of the epoch is handled.
"""

from __future__ import annotations

from typing import Protocol

from eventstore.epoch import Epoch
from eventstore.errors import EpochBegan
from eventstore.stream import Position

__all__ = ["EpochStore", "entered"]


class EpochStore(Protocol):
    """Where a consumer's epoch is kept, beside its checkpoint."""

    async def enter(self, epoch: Epoch, position: Position) -> None:
        """Take the stream's epoch for the consumer's, which has handled all up to ``position``.

        Raises:
            EpochBegan: it has handled events that the epoch left behind; nothing was stored.
            CheckpointUnavailable: no answer came; it may be stored or not.
            ConfigError: what is there is no epoch.
        """
        ...


def entered(known: int | None, epoch: Epoch, position: Position) -> int:
    """Return the number of the epoch that a consumer is in once it has seen the stream's.

    An older one than it knows says nothing: the stream was lost, and does not remember.

    Args:
        known: The epoch in which it was; null if it never saw one, which then is the stream's.
        epoch: The stream's.
        position: All up to here has been handled.

    Raises:
        EpochBegan: some of that was left behind.
    """
    if known is None:
        return epoch.number
    shared = epoch.shared_with(known)
    if shared is not None and position > shared:
        raise EpochBegan(position, epoch.number, shared)
    return max(known, epoch.number)
