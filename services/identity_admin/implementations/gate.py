"""Calls that Identity makes: an approval row at registration, the check at every login and refresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Self
from uuid import UUID

import structlog
from sqlalchemy import Select, exists, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.identity_admin.implementations.approval_queries import in_scope
from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.migrator import require_migrated
from services.identity_admin.implementations.tables import full_precision, user_approvals, users
from services.identity_admin.models import ALL_ACCOUNTS, FIRST_VERSION, AccountScope, ApprovalStatus

APPROVAL_PENDING = "IDENTITY_APPROVAL_PENDING"
ACCESS_DENIED = "IDENTITY_ACCESS_DENIED"
_QUERY_SECONDS = 2.0
_OPEN_SECONDS = 30.0

log = structlog.get_logger()


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


@dataclass(frozen=True, slots=True)
class SignInRefusal:
    """Answer for a refused sign-in; `reason` is for Identity's audit row and `login.failed` event."""

    code: str
    message: str
    reason: str
    status: int = 403


_REFUSALS: Mapping[ApprovalStatus, SignInRefusal] = MappingProxyType(
    {
        ApprovalStatus.PENDING: SignInRefusal(
            APPROVAL_PENDING, "This account is waiting for approval", "approval_pending"
        ),
        ApprovalStatus.DENIED: SignInRefusal(
            ACCESS_DENIED, "This account has no access", "access_denied"
        ),
        ApprovalStatus.DEACTIVATED: SignInRefusal(
            ACCESS_DENIED, "This account is deactivated", "account_deactivated"
        ),
    }
)


class SignInGate:
    """Made by `open` only, which checks the migration."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    async def open(cls, engine: AsyncEngine) -> Self:
        """Check the migration, add pending rows for accounts without one, and return the gate.

        Raises:
            NotMigrated: The migration did not run, or did not complete.
            Unavailable: The database cannot be reached.
        """
        async with transaction(engine, _OPEN_SECONDS) as connection:
            await require_migrated(connection)
            added = await add_missing_approvals(connection)
        log.info("sign_in_gate_opened", added_to_queue=added)
        return cls(engine)

    async def refusal(self, user_id: UUID) -> SignInRefusal | None:
        """Return the reason to refuse; None lets the user in. An account without a row is pending.

        Raises:
            Unavailable: The database cannot be reached; the caller must refuse.
        """
        query = select(user_approvals.c.status).where(user_approvals.c.user_id == user_id)
        async with transaction(self._engine, _QUERY_SECONDS) as connection:
            status = (await connection.execute(query)).scalar_one_or_none()
        return _REFUSALS.get(ApprovalStatus(status) if status else ApprovalStatus.PENDING)
