"""Sign-in check that Identity makes at every login and every refresh."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.migrator import require_migrated
from services.identity_admin.implementations.registration import add_missing_approvals
from services.identity_admin.implementations.tables import user_approvals
from services.identity_admin.models import ApprovalStatus

APPROVAL_PENDING = "IDENTITY_APPROVAL_PENDING"
ACCESS_DENIED = "IDENTITY_ACCESS_DENIED"
_QUERY_SECONDS = 2.0
_OPEN_SECONDS = 30.0

log = structlog.get_logger()


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
