"""Approval rows of new accounts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity_admin.implementations.approval_rows import in_scope
from services.identity_admin.implementations.tables import (
    full_precision,
    user_approvals,
    users,
)
from services.identity_admin.models import (
    ALL_ACCOUNTS,
    FIRST_VERSION,
    AccountScope,
    ApprovalStatus,
)


async def add_pending_approval(
    connection: AsyncConnection, user_id: UUID, requested_at: datetime
) -> None:
    """Let a new account wait for approval, in the transaction that inserts the account."""
    await _add_approval(connection, user_id, ApprovalStatus.PENDING, requested_at)


async def add_approved_account(
    connection: AsyncConnection, user_id: UUID, requested_at: datetime
) -> None:
    """Approve an account that an operator inserts, such as a seed."""
    await _add_approval(connection, user_id, ApprovalStatus.APPROVED, requested_at)


async def _add_approval(
    connection: AsyncConnection, user_id: UUID, status: ApprovalStatus, requested_at: datetime
) -> None:
    row = {
        "user_id": user_id,
        "status": status.value,
        "version": FIRST_VERSION,
        "requested_at": requested_at,
    }
    await connection.execute(insert(user_approvals).values(row))


async def add_missing_approvals(
    connection: AsyncConnection, user_id: UUID | None = None, scope: AccountScope = ALL_ACCOUNTS
) -> int:
    """Add pending rows for accounts without one, or for one account; return the number of rows."""
    has_row = exists().where(user_approvals.c.user_id == users.c.id)
    missing: Select[Any] = select(
        users.c.id,
        literal(ApprovalStatus.PENDING.value),
        literal(FIRST_VERSION),
        full_precision(users.c.registered_at, connection.dialect),
    ).where(~has_row)
    if user_id is not None:
        missing = missing.where(users.c.id == user_id, in_scope(scope))
    columns = ("user_id", "status", "version", "requested_at")
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    # Another transaction may add the same account.
    added = dialect.insert(user_approvals).from_select(columns, missing).on_conflict_do_nothing()
    return (await connection.execute(added)).rowcount
