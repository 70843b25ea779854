"""Everybody who is there already is approved; the marker says that none was left out."""

from datetime import UTC, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql, sqlite

from services.identity_admin.implementations.columns import exact

revision = "ia0002"
down_revision = "ia0001"
branch_labels = None
depends_on = None

_BATCH = 5_000
_MOMENT = sa.DateTime(timezone=True)

_users = sa.table("users", sa.column("id", sa.Uuid), sa.column("registered_at", _MOMENT))
_approvals = sa.table(
    "user_approvals",
    sa.column("user_id", sa.Uuid),
    sa.column("status", sa.String),
    sa.column("version", sa.Integer),
    sa.column("requested_at", _MOMENT),
)
_marker = sa.table(
    "user_approvals_marker",
    sa.column("name", sa.String),
    sa.column("at", _MOMENT),
    sa.column("users", sa.Integer),
)


def upgrade() -> None:
    # Each batch is a transaction of its own: whoever registers or signs in waits for none of them.
    with op.get_context().autocommit_block():
        number = _approve_everybody(op.get_bind())
    moment = datetime.now(UTC)
    marker = {"name": "backfilled", "at": moment, "users": number}
    op.get_bind().execute(sa.insert(_marker).values(marker))


def downgrade() -> None:
    op.get_bind().execute(sa.delete(_marker))
    op.get_bind().execute(sa.delete(_approvals))


def _approve_everybody(bind: sa.Connection) -> int:
    """In the order of their ids; starting again after a crash is harmless. How many are new."""
    added, last = 0, None
    while batch := _next_ids(bind, last):
        added += _approve(bind, batch[0], batch[-1])
        last = batch[-1]
    return added


def _next_ids(bind: sa.Connection, last: UUID | None) -> list[UUID]:
    query = sa.select(_users.c.id).order_by(_users.c.id).limit(_BATCH)
    if last is not None:
        query = query.where(_users.c.id > last)
    return list(bind.execute(query).scalars())


def _approve(bind: sa.Connection, first: UUID, last: UUID) -> int:
    people = sa.select(
        _users.c.id,
        sa.literal("approved"),
        sa.literal(1),
        exact(_users.c.registered_at, bind.dialect),
    ).where(_users.c.id.between(first, last))
    columns = ["user_id", "status", "version", "requested_at"]
    dialect = postgresql if bind.dialect.name == "postgresql" else sqlite
    added = dialect.insert(_approvals).from_select(columns, people).on_conflict_do_nothing()
    return bind.execute(added).rowcount
