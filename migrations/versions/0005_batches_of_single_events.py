"""A function for batches of single events, which is what most batches are.

Revision: 0005. Once released it never changes. Its statements are in migrations/sql/0005.
"""

from pathlib import Path

from alembic import context, op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / revision


def statement(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def upgrade() -> None:
    op.execute(statement("append_singles"))
    schema = str(context.get_context().version_table_schema)
    op.execute(f"REVOKE EXECUTE ON FUNCTION {schema}.append_singles FROM PUBLIC")
    op.execute(statement("roles").replace("{schema}", schema))


def downgrade() -> None:
    raise NotImplementedError("an append-only log has no way back: restore a backup")
