"""Appends in batches, tags and categories to select by, a chain of hashes, and roles.

Revision: 0002. Once released it never changes. Its statements are in migrations/sql/0002.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / revision

# In this order: each uses the ones before it only.
FUNCTIONS = (
    "leaf",
    "held",
    "matching",
    "decide",
    "append_batch",
    "append_one",
    "append",
    "outcome",
)


def statement(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def create_tables() -> None:
    op.create_table(
        "event_tags",
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("tag", "position", name="event_tags_pkey"),
        sa.CheckConstraint(r"tag ~ '^\S+$'", name="event_tags_tag_check"),
        schema="eventstore",
        comment="Which events have a tag, to find them by it; insert only.",
    )
    op.create_table(
        "commits",
        sa.Column(
            "last_position",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Of the last event in it; its first comes after the last one of the link before.",
        ),
        sa.Column("events", sa.BigInteger(), nullable=False, comment="How many events."),
        sa.Column(
            "hash",
            sa.LargeBinary(),
            nullable=False,
            comment="sha256 of the hash before it (32 zero bytes at first) and its events' leaves.",
        ),
        sa.PrimaryKeyConstraint("last_position", name="commits_pkey"),
        schema="eventstore",
        comment="The chain of hashes over the log, a link for each batch of appends; insert only.",
    )


def create_tables_beside_the_log() -> None:
    op.create_table(
        "snapshots",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="What it is a snapshot of."),
        sa.Column("schema_version", sa.BigInteger(), nullable=False, comment="Of the state."),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="Of the stream."),
        sa.Column("position", sa.BigInteger(), nullable=False, comment="Of its last event."),
        sa.Column("state", postgresql.JSON(), nullable=False),
        sa.Column(
            "taken_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("clock_timestamp()"),
        ),
        sa.PrimaryKeyConstraint("stream", "kind", name="snapshots_pkey"),
        schema="eventstore",
        comment="A cache: the last snapshot of each stream and kind; may be emptied at any time.",
    )
    op.create_table(
        "subject_keys",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column(
            "wrapped_key",
            sa.LargeBinary(),
            comment="Encrypted by a key that is not in the database; null once it is forgotten.",
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.text("clock_timestamp()"),
        ),
        sa.Column("forgotten_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("subject", name="subject_keys_pkey"),
        sa.CheckConstraint(
            "(wrapped_key IS NULL) = (forgotten_at IS NOT NULL)",
            name="subject_keys_forgotten_check",
        ),
        schema="eventstore",
        comment="The key of each person whose data is encrypted in the log; not for old backups.",
    )


def widen_events() -> None:
    """Give events their stream's name, its category, and tags; a large log is written again once."""
    op.execute("DROP TRIGGER append_only ON eventstore.events")
    op.add_column("events", sa.Column("stream", sa.Text()), schema="eventstore")
    op.execute(
        "UPDATE eventstore.events AS e SET stream = s.name "
        "FROM eventstore.streams AS s WHERE s.id = e.stream_id"
    )
    op.alter_column("events", "stream", nullable=False, comment="streams.name", schema="eventstore")
    op.add_column(
        "events",
        sa.Column(
            "tags",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            server_default=sa.text("'{}'"),
            comment="As they were appended; event_tags finds events by them.",
        ),
        schema="eventstore",
    )
    op.alter_column("events", "tags", server_default=None, schema="eventstore")
    op.add_column(
        "events",
        sa.Column(
            "category",
            sa.Text(),
            sa.Computed("split_part(stream, '-'::text, 1)", persisted=True),
            comment="The stream's name up to its first hyphen.",
        ),
        schema="eventstore",
    )
    for column in ("type", "category"):
        op.create_index(
            f"events_{column}_idx", "events", [column, "position"], schema="eventstore"
        )


def upgrade() -> None:
    # No append under way: one of before would not link what it stores.
    op.execute("LOCK TABLE eventstore.events IN ACCESS EXCLUSIVE MODE")
    create_tables()
    create_tables_beside_the_log()
    widen_events()
    op.execute("DROP FUNCTION eventstore.append")
    for name in FUNCTIONS:
        op.execute(statement(name))
    schema = str(context.get_context().version_table_schema)
    op.execute(f"REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} FROM PUBLIC")
    op.execute(statement("backfill"))
    for table in ("events", "event_tags", "commits"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON eventstore.{table} FOR EACH STATEMENT EXECUTE FUNCTION eventstore.refuse_change()"
        )
    op.execute(statement("roles").replace("{schema}", schema))


def downgrade() -> None:
    raise NotImplementedError("an append-only log has no way back: restore a backup")
