"""The tables that the projector keeps for itself, and the schema of those that it keeps for others.

They are made where they are missing when a projection is prepared; there is nothing to migrate.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

__all__ = [
    "DOCUMENTS",
    "SCHEMA",
    "active_generations",
    "checkpoints",
    "declared_tables",
    "halts",
    "identities",
    "metadata",
    "set_aside",
]

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

set_aside = sa.Table(
    "set_aside_events",
    metadata,
    sa.Column("projection", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("state", sa.Text, nullable=False, comment="parked, held or skipped"),
    sa.Column("order_key", sa.Text, nullable=False, comment="what is held back together"),
    sa.Column("event_id", sa.Uuid, nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("error_type", sa.Text, comment="null where the event was never tried"),
    sa.Column("error", sa.Text),
    sa.Column("traceback", sa.Text, comment="the innermost frames"),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.CheckConstraint("state IN ('parked', 'held', 'skipped')", name="set_aside_state"),
    sa.Index("set_aside_by_key", "projection", "generation", "order_key", "position"),
    comment="Events that a checkpoint has passed and the read model does not hold.",
)

halts = sa.Table(
    "halts",
    metadata,
    sa.Column("projection", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False, comment="of the event it halted at"),
    sa.Column("error_type", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("traceback", sa.Text, nullable=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    comment="Where each projection last halted, and why; past once the checkpoint is behind it.",
)

declared_tables = sa.Table(
    "declared_tables",
    metadata,
    sa.Column("projection", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("declaration", sa.Text, nullable=False, comment="JSON: tables, columns, types"),
    comment="The tables that each read model was built with.",
)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("projection", sa.Text, primary_key=True),
    sa.Column("generation", sa.Integer, primary_key=True),
    sa.Column("identity", sa.Text, nullable=False, comment="its class, or what it says itself"),
    comment="Which of all projections that may have one name each read model is of.",
)
