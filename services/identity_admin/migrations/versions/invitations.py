"""Invitations by the key of their request, so that a repeat makes no second account."""

import sqlalchemy as sa
from alembic import op

revision = "ia0005"
down_revision = "ia0004"
branch_labels = None
depends_on = None

_TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    # No foreign keys: the key of a deleted account must still make no second one.
    op.create_table(
        "user_invitations",
        sa.Column("user_id", sa.Uuid, primary_key=True),
        sa.Column("actor_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("invited_at", _TIMESTAMP, nullable=False),
        sa.Column("expires_at", _TIMESTAMP, nullable=False),
        sa.UniqueConstraint("actor_id", "key", name="uq_user_invitations_key"),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("user_invitations", if_exists=True)
