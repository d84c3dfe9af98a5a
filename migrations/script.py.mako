"""${message}.

Revision: ${up_revision}, after ${down_revision | comma,n}. Once released it never changes.
"""

from alembic import op
import sqlalchemy as sa
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    raise NotImplementedError("an append-only log has no way back: restore a backup")
