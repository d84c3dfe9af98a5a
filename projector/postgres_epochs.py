"""Which epoch of the stream a read model belongs to: kept beside it, and compared at each session.

An operator begins an epoch (`eventstore relay heal --new-epoch`) when the log was restored from a
backup and goes on without what it lost. Positions after that one are given to other events; a read
model that has applied the lost ones would go on as if nothing had happened. So it stops, and says
from where on it is wrong. One that is not so far goes on.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from eventstore.epoch import Epoch
from projector.errors import EpochBegan
from projector.postgres import PostgresReadModel
from projector.postgres_tables import SCHEMA

__all__ = ["keep_epoch"]

_metadata: Final = sa.MetaData(schema=SCHEMA)

_epochs: Final = sa.Table(
    "epochs",
    _metadata,
    sa.Column("projection", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    comment="The epoch of the log that each read model was built from.",
)


async def keep_epoch(model: PostgresReadModel, epoch: Epoch) -> None:
    """Take the stream's epoch for the read model's, unless what it applied was left behind.

    An older epoch than the read model's says nothing: the stream was lost, and does not remember.

    Args:
        model: A prepared read model.
        epoch: Of the stream that it follows.

    Raises:
        EpochBegan: the read model is ahead of where the epoch began.
        ReadModelUnavailable: no answer came.
    """
    checkpoint = await model.checkpoint()
    key = {"projection": checkpoint.projection, "generation": checkpoint.generation}
    async with model.transaction() as connection:
        await connection.run_sync(_metadata.create_all)
        query = sa.select(_epochs.c.epoch).filter_by(**key)
        known: int | None = (await connection.execute(query)).scalar_one_or_none()
        shared = None if known is None else epoch.shared_with(known)
        if shared is not None and checkpoint.position > shared:
            raise EpochBegan(checkpoint, epoch.number, shared)
        row = insert(_epochs).values(**key, epoch=epoch.number)
        newer = {"epoch": sa.func.greatest(_epochs.c.epoch, row.excluded.epoch)}
        await connection.execute(
            row.on_conflict_do_update(index_elements=["projection", "generation"], set_=newer)
        )
