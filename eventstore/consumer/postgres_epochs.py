"""The epoch of a consumer or of a group, in the database of its checkpoints."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from eventstore.consumer.epochs import entered
from eventstore.consumer.postgres_checkpoint import TransactionConnection, prepare, run
from eventstore.epoch import Epoch
from eventstore.errors import CheckpointUnavailable, StoreUnavailable
from eventstore.postgres.engine import connect
from eventstore.postgres.translate import DRIVER_ERRORS
from eventstore.stream import Position

__all__ = ["PostgresEpochs", "enter_epoch"]

_CLOSE_SECONDS: Final = 2.0

_AHEAD: Final = """
SELECT greatest($2::bigint, max(position)) FROM (
    SELECT position FROM consumer.checkpoints WHERE name = $1
    UNION ALL SELECT position FROM consumer.partitions WHERE consumer_group = $1) AS handled
"""

# The row is locked first: of two members the second compares with what the first has kept.
_LOCKED: Final = """
INSERT INTO consumer.epochs AS held VALUES ($1, NULL)
ON CONFLICT (name) DO UPDATE SET epoch = held.epoch RETURNING epoch
"""

_KEEP: Final = "UPDATE consumer.epochs SET epoch = $2 WHERE name = $1"


async def enter_epoch(
    connection: TransactionConnection, name: str, epoch: Epoch, position: Position
) -> None:
    """Take an epoch in a transaction, for a consumer or a group with all of its partitions.

    Raises:
        EpochBegan: a checkpoint of that name, or ``position``, is where events were left behind.
    """
    known: int | None = await run(connection, _LOCKED, name)
    furthest = Position(await run(connection, _AHEAD, name, position))
    await run(connection, _KEEP, name, entered(known, epoch, furthest))


class PostgresEpochs:
    """The epoch of a consumer with a `PostgresCheckpoint`; see `EpochStore`.

    It has a connection of its own for the moment in which it is asked: once a connection to NATS.
    """

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name

    async def enter(self, epoch: Epoch, position: Position) -> None:
        """Take the stream's epoch; see `EpochStore.enter`."""
        try:
            connection = await connect(self._url, application=f"consumer {self._name}")
            try:
                async with connection.transaction():
                    await prepare(connection)
                    await enter_epoch(connection, self._name, epoch, position)
            finally:
                with suppress(Exception):
                    await connection.close(timeout=_CLOSE_SECONDS)
        except (StoreUnavailable, *DRIVER_ERRORS) as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise CheckpointUnavailable(
                f"no answer from where consumer {self._name!r} keeps its epoch: {reason}"
            ) from error
