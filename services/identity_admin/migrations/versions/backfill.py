"""Backfill: approve all existing accounts, then write the marker that it is complete."""

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from services.identity_admin.implementations.tables import full_precision

revision = "ia0002"
down_revision = "ia0001"
branch_labels = None
depends_on = None

_BATCH_SIZE = 5_000
_TIMESTAMP = sa.DateTime(timezone=True)

_users = sa.table("users", sa.column("id", sa.Uuid), sa.column("registered_at", _TIMESTAMP))
_approvals = sa.table(
    "user_approvals",
    sa.column("user_id", sa.Uuid),
    sa.column("status", sa.String),
    sa.column("version", sa.Integer),
    sa.column("requested_at", _TIMESTAMP),
)
_marker = sa.table(
    "user_approvals_marker",
    sa.column("name", sa.String),
    sa.column("at", _TIMESTAMP),
    sa.column("users", sa.Integer),
)


def upgrade() -> None:
    # A transaction for each batch: registrations and sign-ins do not wait for the backfill.
    with op.get_context().autocommit_block():
        added = _approve_all(op.get_bind())
    marker = {"name": "backfilled", "at": datetime.now(UTC), "users": added}
    op.get_bind().execute(sa.insert(_marker).values(marker))


def downgrade() -> None:
    op.get_bind().execute(sa.delete(_marker))
    op.get_bind().execute(sa.delete(_approvals))


def _approve_all(bind: sa.Connection) -> int:
    """Approve all accounts in the order of their ids; safe to repeat. Return the number of new rows."""
    added, last = 0, None
    while batch := _next_ids(bind, last):
        added += _approve(bind, batch[0], batch[-1])
        last = batch[-1]
    return added


def _next_ids(bind: sa.Connection, last: UUID | None) -> list[UUID]:
    query = sa.select(_users.c.id).order_by(_users.c.id).limit(_BATCH_SIZE)
    if last is not None:
        query = query.where(_users.c.id > last)
    return list(bind.execute(query).scalars())


def _approve(bind: sa.Connection, first: UUID, last: UUID) -> int:
    """Add approved rows for the ids from `first` to `last`."""
    accounts = sa.select(
        _users.c.id,
        sa.literal("approved"),
        sa.literal(1),
        full_precision(_users.c.registered_at, bind.dialect),
    ).where(_users.c.id.between(first, last))
    columns = ["user_id", "status", "version", "requested_at"]
    dialect = postgresql if bind.dialect.name == "postgresql" else sqlite
    added = dialect.insert(_approvals).from_select(columns, accounts).on_conflict_do_nothing()
    return bind.execute(added).rowcount
