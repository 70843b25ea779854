"""Tables of approval."""

import sqlalchemy as sa
from alembic import op

revision = "ia0001"
down_revision = None
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATUSES = "('pending', 'approved', 'denied')"


def _timestamp(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


# `if_not_exists`: SQLite keeps the tables of an interrupted revision.
def upgrade() -> None:
    _create_user_approvals()
    _create_user_decisions()
    op.create_table(
        "user_approvals_marker",
        sa.Column("name", sa.String(50), primary_key=True),
        _timestamp("at"),
        sa.Column("users", sa.Integer, nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("user_approvals_marker", if_exists=True)
    op.drop_table("user_decisions", if_exists=True)
    op.drop_table("user_approvals", if_exists=True)


def _create_user_approvals() -> None:
    op.create_table(
        "user_approvals",
        sa.Column(
            "user_id", sa.Uuid, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _timestamp("requested_at"),
        _timestamp("decided_at", nullable=True),
        sa.Column("decided_by", sa.Uuid),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint(f"status IN {_STATUSES}", name="ck_user_approvals_status"),
        if_not_exists=True,
    )
    pending = ["status", "requested_at", "user_id"]
    op.create_index("ix_user_approvals_queue", "user_approvals", pending, if_not_exists=True)
    everybody = ["requested_at", "user_id"]
    op.create_index("ix_user_approvals_everybody", "user_approvals", everybody, if_not_exists=True)


def _create_user_decisions() -> None:
    # No foreign keys: the history of a deleted account is kept.
    op.create_table(
        "user_decisions",
        sa.Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("from_status", sa.String(20), nullable=False),
        sa.Column("to_status", sa.String(20), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("actor_id", sa.Uuid),
        sa.Column("reason", sa.Text),
        sa.Column("correlation_id", sa.Uuid, nullable=False),
        _timestamp("decided_at"),
        # Each version is decided once.
        sa.UniqueConstraint("user_id", "version", name="uq_user_decisions_version"),
        if_not_exists=True,
    )
    by_actor = ["actor_id", "sequence"]
    op.create_index("ix_user_decisions_actor", "user_decisions", by_actor, if_not_exists=True)
