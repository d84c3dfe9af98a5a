"""Payloads that go into archives or are retired: the one narrow exception to append-only.

Revision: 0003. Once released it never changes. Its statements are in migrations/sql/0003.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / revision

# In this order: each uses the ones before it only.
FUNCTIONS = ("tombstone", "refuse_other_change", "retire", "archive")


def statement(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def create_tables() -> None:
    op.create_table(
        "archives",
        sa.Column("first_position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("file", sa.Text(), nullable=False, comment="Where it was written."),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.LargeBinary(), nullable=False, comment="sha256 of the file."),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_by", sa.Text(), nullable=False, comment="The user who had it done."),
        sa.PrimaryKeyConstraint("first_position", name="archives_pkey"),
        sa.UniqueConstraint("last_position", name="archives_last_position_key"),
        schema="eventstore",
        comment="Files that hold the payloads of the oldest events; insert only.",
    )
    op.create_table(
        "retired",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "leaf",
            sa.LargeBinary(),
            nullable=False,
            comment="Of the event as it was appended: what the chain of hashes has of it.",
        ),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_by", sa.Text(), nullable=False, comment="The user who had it done."),
        sa.PrimaryKeyConstraint("position", name="retired_pkey"),
        schema="eventstore",
        comment="Events whose payload was dropped for ever; insert only.",
    )
    op.create_table(
        "retention_policies",
        sa.Column("kind", sa.Text(), nullable=False, comment="stream or category"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "days", sa.BigInteger(), nullable=False, comment="How long a payload is kept, at least."
        ),
        sa.PrimaryKeyConstraint("kind", "name", name="retention_policies_pkey"),
        sa.CheckConstraint(
            "kind IN ('stream', 'category') AND days >= 0", name="retention_policies_check"
        ),
        schema="eventstore",
        comment="How long payloads are kept; a stream's own goes before its category's.",
    )


def upgrade() -> None:
    create_tables()
    for column in ("data", "metadata"):
        op.alter_column(
            "events",
            column,
            nullable=True,
            comment=f"{'As it was appended, to the letter; null' if column == 'data' else 'Null'}"
            " once an archive has it.",
            schema="eventstore",
        )
    for name in FUNCTIONS:
        op.execute(statement(name))
    schema = str(context.get_context().version_table_schema)
    for signature in (
        "tombstone(timestamptz)",
        "refuse_other_change()",
        "retire(bigint[])",
        "archive(bigint, text, bigint, bytea, bytea)",
    ):
        op.execute(f"REVOKE EXECUTE ON FUNCTION {schema}.{signature} FROM PUBLIC")
    op.execute("DROP TRIGGER append_only ON eventstore.events")
    op.execute(
        "CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON eventstore.events "
        "FOR EACH STATEMENT EXECUTE FUNCTION eventstore.refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER append_only_but_payloads BEFORE UPDATE ON eventstore.events "
        "FOR EACH ROW EXECUTE FUNCTION eventstore.refuse_other_change()"
    )
    for table in ("archives", "retired"):
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON eventstore.{table} FOR EACH STATEMENT EXECUTE FUNCTION eventstore.refuse_change()"
        )
    op.execute(statement("roles").replace("{schema}", schema))


def downgrade() -> None:
    raise NotImplementedError("an append-only log has no way back: restore a backup")
