"""The one definition of the tables; Alembic compares the database with it, a test demands no drift.

Two tables and no more, both only ever inserted into: nothing is updated, so nothing is vacuumed for
dead rows, an old snapshot slows nothing down, and a copy of the tables is a copy of the log.

``streams`` gives a name a number, so that the two indexes of a large log need not repeat the name.
The number is the position of the stream's first event: unique because positions are, and the same
after a restore or a logical replication, which do not carry a sequence. ``events`` deliberately has
no foreign key to it: the check would cost every insert, and only `eventstore.append` inserts.

The append function and the triggers are in the migrations, where their text is frozen.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSON

__all__ = ["REVISION", "SCHEMA", "VERSION_TABLE", "events", "metadata", "streams"]

REVISION: Final = "0001"
"""The Alembic revision that this code works with; a test holds it equal to the newest one."""

SCHEMA: Final = "eventstore"
"""The PostgreSQL schema of all our tables, apart from those of an application beside it."""

VERSION_TABLE: Final = "schema_revision"
"""Alembic's table, in our schema, so that an application's own Alembic is undisturbed."""

metadata = MetaData(schema=SCHEMA)

streams = Table(
    "streams",
    metadata,
    Column(
        "id",
        BigInteger,
        autoincrement=False,
        nullable=False,
        comment="The position of the stream's first event.",
    ),
    Column("name", Text, nullable=False, comment="CATEGORY-ID."),
    PrimaryKeyConstraint("id", name="streams_pkey"),
    UniqueConstraint("name", name="streams_name_key"),
    comment="The streams of the log, each with a number; insert only.",
)

events = Table(
    "events",
    metadata,
    Column(
        "position",
        BigInteger,
        autoincrement=False,
        nullable=False,
        comment="Place in the whole log: 1, 2, 3 ... without holes, in commit order.",
    ),
    Column("stream_id", BigInteger, nullable=False, comment="streams.id"),
    Column(
        "version", BigInteger, nullable=False, comment="Place in its stream: 1, 2, 3 ... no holes."
    ),
    Column(
        "recorded_at",
        DateTime(timezone=True),
        nullable=False,
        comment="The server's clock when its append was decided.",
    ),
    Column("event_id", Uuid, nullable=False, comment="Given by the client, for ever."),
    Column("type", Text, nullable=False),
    Column("data", JSON, nullable=False, comment="As it was appended, to the letter."),
    Column("metadata", JSON, nullable=False),
    PrimaryKeyConstraint("position", name="events_pkey"),
    UniqueConstraint("stream_id", "version", name="events_stream_version_key"),
    UniqueConstraint("event_id", name="events_event_id_key"),
    comment="The log; insert only, and only by eventstore.append.",
)
