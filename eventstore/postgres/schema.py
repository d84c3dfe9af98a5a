"""The one definition of the tables; Alembic compares the database with it, a test demands no drift.

The log is four tables, all only ever inserted into: nothing is updated, so nothing is vacuumed for
dead rows, an old snapshot slows nothing down, and a copy of the tables is a copy of the log. The
one exception is what an event said: it goes when a row of ``archives`` or ``retired`` stands for
it. Three more are beside it, and change: ``snapshots``, ``subject_keys``, ``retention_policies``.

``streams`` gives a name a number, so that the index of a large log need not repeat the name. The
number is the position of the stream's first event: unique because positions are, and the same after
a restore or a logical replication, which do not carry a sequence. ``events`` deliberately has no
foreign key to it: the check would cost every insert, and only the append functions insert. It does
repeat the name in each event, so that a read of the log needs no join.

The functions and the triggers are in the migrations, where their text is frozen.

A log is one PostgreSQL schema. All SQL, here and in the migrations, is written for the default log,
whose schema is ``eventstore``; for another one `for_log` renames it.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON

from eventstore.config import DEFAULT_LOG, check_log_name

__all__ = [
    "REVISION",
    "SCHEMA",
    "VERSION_TABLE",
    "archive_rewrites",
    "archives",
    "commits",
    "event_tags",
    "events",
    "for_log",
    "metadata",
    "retention_policies",
    "retired",
    "schema_of",
    "snapshots",
    "streams",
    "subject_keys",
]

REVISION: Final = "0005"
"""The Alembic revision that this code works with; a test holds it equal to the newest one."""

SCHEMA: Final = "eventstore"
"""The PostgreSQL schema of the default log, apart from an application's own tables beside it."""

VERSION_TABLE: Final = "schema_revision"
"""Alembic's table, in our schema, so that an application's own Alembic is undisturbed."""

_LOCK: Final = "7311142570156650343"
"""The advisory lock of the default log, as the migrations have it: the bytes of "eventlog"."""

_NAMES: Final = re.compile(rf"\b{SCHEMA}\.|\b{_LOCK}\b")

metadata = MetaData(schema=SCHEMA)


def schema_of(log: str) -> str:
    """Return the PostgreSQL schema of a log.

    Raises:
        ConfigError: it is not the name of a log.
    """
    return SCHEMA if check_log_name(log) == DEFAULT_LOG else f"{SCHEMA}_{log}"


def for_log(statement: str, log: str) -> str:
    """Make a statement that is written for the default log one for another: its schema, its lock.

    Raises:
        ConfigError: it is not the name of a log.
    """
    schema = schema_of(log)
    if schema == SCHEMA:
        return statement
    digest = blake2b(schema.encode(), digest_size=8).digest()
    lock = str(int.from_bytes(digest, "big", signed=True))
    return _NAMES.sub(lambda found: lock if found[0] == _LOCK else f"{schema}.", statement)


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
    Column("stream", Text, nullable=False, comment="streams.name"),
    Column(
        "category",
        Text,
        Computed("split_part(stream, '-'::text, 1)", persisted=True),
        comment="The stream's name up to its first hyphen.",
    ),
    Column("type", Text, nullable=False),
    Column(
        "tags",
        ARRAY(Text),
        nullable=False,
        comment="As they were appended; event_tags finds events by them.",
    ),
    Column(
        "data",
        JSON,
        comment="As it was appended, to the letter; null once an archive has it.",
    ),
    Column("metadata", JSON, comment="Null once an archive has it."),
    PrimaryKeyConstraint("position", name="events_pkey"),
    UniqueConstraint("stream_id", "version", name="events_stream_version_key"),
    UniqueConstraint("event_id", name="events_event_id_key"),
    Index("events_type_idx", "type", "position"),
    Index("events_category_idx", "category", "position"),
    comment="The log; insert only, and only by eventstore.append.",
)

event_tags = Table(
    "event_tags",
    metadata,
    Column("tag", Text, nullable=False),
    Column("position", BigInteger, autoincrement=False, nullable=False),
    PrimaryKeyConstraint("tag", "position", name="event_tags_pkey"),
    CheckConstraint(r"tag ~ '^\S+$'", name="event_tags_tag_check"),
    comment="Which events have a tag, to find them by it; insert only.",
)

commits = Table(
    "commits",
    metadata,
    Column(
        "last_position",
        BigInteger,
        autoincrement=False,
        nullable=False,
        comment="Of the last event in it; its first comes after the last one of the link before.",
    ),
    Column("events", BigInteger, nullable=False, comment="How many events."),
    Column(
        "hash",
        LargeBinary,
        nullable=False,
        comment="sha256 of the hash before it (32 zero bytes at first) and its events' leaves.",
    ),
    PrimaryKeyConstraint("last_position", name="commits_pkey"),
    comment="The chain of hashes over the log, a link for each batch of appends; insert only.",
)

archives = Table(
    "archives",
    metadata,
    Column("first_position", BigInteger, autoincrement=False, nullable=False),
    Column("last_position", BigInteger, autoincrement=False, nullable=False),
    Column("file", Text, nullable=False, comment="Where it was written."),
    Column("bytes", BigInteger, nullable=False),
    Column("checksum", LargeBinary, nullable=False, comment="sha256 of the file."),
    Column("archived_at", DateTime(timezone=True), nullable=False),
    Column("archived_by", Text, nullable=False, comment="The user who had it done."),
    PrimaryKeyConstraint("first_position", name="archives_pkey"),
    UniqueConstraint("last_position", name="archives_last_position_key"),
    comment="Files that hold the payloads of the oldest events; insert only.",
)

archive_rewrites = Table(
    "archive_rewrites",
    metadata,
    Column(
        "first_position",
        BigInteger,
        autoincrement=False,
        nullable=False,
        comment="archives.first_position",
    ),
    Column(
        "generation",
        BigInteger,
        autoincrement=False,
        nullable=False,
        comment="1, 2, 3 ...: the last is the file of the archive.",
    ),
    Column("file", Text, nullable=False, comment="Where it was written."),
    Column("bytes", BigInteger, nullable=False),
    Column("checksum", LargeBinary, nullable=False, comment="sha256 of the file."),
    Column("rewritten_at", DateTime(timezone=True), nullable=False),
    Column("rewritten_by", Text, nullable=False, comment="The user who had it done."),
    PrimaryKeyConstraint("first_position", "generation", name="archive_rewrites_pkey"),
    comment="Files in the place of archives', without what was retired since; insert only.",
)

retired = Table(
    "retired",
    metadata,
    Column("position", BigInteger, autoincrement=False, nullable=False),
    Column(
        "leaf",
        LargeBinary,
        nullable=False,
        comment="Of the event as it was appended: what the chain of hashes has of it.",
    ),
    Column("retired_at", DateTime(timezone=True), nullable=False),
    Column("retired_by", Text, nullable=False, comment="The user who had it done."),
    PrimaryKeyConstraint("position", name="retired_pkey"),
    comment="Events whose payload was dropped for ever; insert only.",
)

retention_policies = Table(
    "retention_policies",
    metadata,
    Column("kind", Text, nullable=False, comment="stream or category"),
    Column("name", Text, nullable=False),
    Column("days", BigInteger, nullable=False, comment="How long a payload is kept, at least."),
    PrimaryKeyConstraint("kind", "name", name="retention_policies_pkey"),
    CheckConstraint(
        "kind IN ('stream', 'category') AND days >= 0", name="retention_policies_check"
    ),
    comment="How long payloads are kept; a stream's own goes before its category's.",
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("stream", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="What it is a snapshot of."),
    Column("schema_version", BigInteger, nullable=False, comment="Of the state."),
    Column("version", BigInteger, nullable=False, comment="Of the stream."),
    Column("position", BigInteger, nullable=False, comment="Of its last event."),
    Column("state", JSON, nullable=False),
    Column(
        "taken_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
    ),
    PrimaryKeyConstraint("stream", "kind", name="snapshots_pkey"),
    comment="A cache: the last snapshot of each stream and kind; may be emptied at any time.",
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("subject", Text, nullable=False),
    Column(
        "wrapped_key",
        LargeBinary,
        comment="Encrypted by a key that is not in the database; null once it is forgotten.",
    ),
    Column(
        "created_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("clock_timestamp()"),
    ),
    Column("forgotten_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("subject", name="subject_keys_pkey"),
    CheckConstraint(
        "(wrapped_key IS NULL) = (forgotten_at IS NOT NULL)", name="subject_keys_forgotten_check"
    ),
    comment="The key of each person whose data is encrypted in the log; not for old backups.",
)
