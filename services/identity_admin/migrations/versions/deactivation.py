"""Status of accounts that an admin has deactivated."""

import sqlalchemy as sa
from alembic import op

revision = "ia0004"
down_revision = "ia0003"
branch_labels = None
depends_on = None

_TABLE, _CHECK = "user_approvals", "ck_user_approvals_status"
_BEFORE = "status IN ('pending', 'approved', 'denied')"
_AFTER = "status IN ('pending', 'approved', 'denied', 'deactivated')"


def upgrade() -> None:
    _replace_check(_AFTER)


def downgrade() -> None:
    approvals = sa.table(_TABLE, sa.column("status", sa.String))
    deactivated = approvals.c.status == "deactivated"
    # Access that was taken stays taken.
    op.execute(sa.update(approvals).where(deactivated).values(status="denied"))
    _replace_check(_BEFORE)


def _replace_check(condition: str) -> None:
    # SQLite copies the table; an interrupted revision leaves its copy behind.
    op.execute(f"DROP TABLE IF EXISTS _alembic_tmp_{_TABLE}")
    with op.batch_alter_table(_TABLE) as batch:
        batch.drop_constraint(_CHECK, type_="check")
        batch.create_check_constraint(_CHECK, condition)
