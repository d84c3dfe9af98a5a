"""The tables that the projector keeps for itself, and the schema of those that it keeps for others.

They are made where they are missing when a projection is prepared; there is nothing to migrate.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

__all__ = ["DOCUMENTS", "SCHEMA", "active_generations", "checkpoints", "metadata"]

SCHEMA: Final = "projector"
"""The schema of the projector's own tables."""

DOCUMENTS: Final = "documents"
"""The schema of tables and views of documents: their names are chosen by who writes projections."""

metadata = sa.MetaData(schema=SCHEMA)

checkpoints = sa.Table(
    "checkpoints",
    metadata,
    sa.Column("projection", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column(
        "updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
    ),
    comment="How far each read model has come; written in the transaction of its changes.",
)

active_generations = sa.Table(
    "active_generations",
    metadata,
    sa.Column("projection", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column(
        "switched_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()
    ),
    comment="Which generation of each read model is the one to be read.",
)
