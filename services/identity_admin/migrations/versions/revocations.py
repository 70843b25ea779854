"""Outbox of revocation marks: one row for each user who lost access or a role of late."""

import sqlalchemy as sa
from alembic import op

revision = "ia0003"
down_revision = "ia0002"
branch_labels = None
depends_on = None

_TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    # No foreign key: the mark of a deleted account must still be heard.
    op.create_table(
        "user_revocations",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("revoked_at", _TIMESTAMP, nullable=False, index=True),
        sa.Column("published_at", _TIMESTAMP),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("user_revocations", if_exists=True)
