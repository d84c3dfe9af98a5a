"""Files that take the place of an archive's file, since what some of its events said is retired.

Revision: 0004. Once released it never changes. Its statements are in migrations/sql/0004.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import context, op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / revision


def statement(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    op.create_table(
        "archive_rewrites",
        sa.Column(
            "first_position",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="archives.first_position",
        ),
        sa.Column(
            "generation",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="1, 2, 3 ...: the last is the file of the archive.",
        ),
        sa.Column("file", sa.Text(), nullable=False, comment="Where it was written."),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.LargeBinary(), nullable=False, comment="sha256 of the file."),
        sa.Column("rewritten_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rewritten_by", sa.Text(), nullable=False, comment="The user who had it done."),
        sa.PrimaryKeyConstraint("first_position", "generation", name="archive_rewrites_pkey"),
        schema="eventstore",
        comment="Files in the place of archives', without what was retired since; insert only.",
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON eventstore.archive_rewrites FOR EACH STATEMENT "
        "EXECUTE FUNCTION eventstore.refuse_change()"
    )
    op.execute(statement("retire_archived"))
    op.execute(statement("refuse_other_change"))
    schema = str(context.get_context().version_table_schema)
    op.execute(
        f"REVOKE EXECUTE ON FUNCTION {schema}.retire_archived("
        "bigint[], bigint[], bytea[], timestamptz, bigint, bytea, text, bigint, bytea) FROM PUBLIC"
    )
    op.execute(statement("roles").replace("{schema}", schema))


def downgrade() -> None:
    raise NotImplementedError("an append-only log has no way back: restore a backup")
