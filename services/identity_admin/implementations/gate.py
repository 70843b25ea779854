"""Who may sign in: asked by Identity at every login and every refresh."""

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
from services.identity_admin.implementations.registration import add_missing
from services.identity_admin.implementations.tables import user_approvals
from services.identity_admin.standing import Status

APPROVAL_PENDING = "IDENTITY_APPROVAL_PENDING"
ACCESS_DENIED = "IDENTITY_ACCESS_DENIED"
_SECONDS = 2.0
_OPENING_SECONDS = 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SignInRefusal:
    """To be answered 403; `reason` is for Identity's audit row and its login.failed event."""

    code: str
    message: str
    reason: str
    status: int = 403


_REFUSALS: Mapping[Status, SignInRefusal] = MappingProxyType(
    {
        Status.PENDING: SignInRefusal(
            APPROVAL_PENDING, "This account is waiting for approval", "approval_pending"
        ),
        Status.DENIED: SignInRefusal(ACCESS_DENIED, "This account has no access", "access_denied"),
    }
)


class SignInGate:
    """Made by `opened` only, so that a gate that stands has seen the migration's marker."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @classmethod
    async def opened(cls, engine: AsyncEngine) -> Self:
        """The gate, after people whom no registration wrote down have joined the queue.

        Raises:
            NotMigrated: The migration did not run, or not to its end.
            Unavailable: The database cannot be reached.
        """
        async with transaction(engine, _OPENING_SECONDS) as connection:
            await require_migrated(connection)
            added = await add_missing(connection)
        log.info("sign_in_gate_opened", joined_the_queue=added)
        return cls(engine)

    async def may_sign_in(self, user_id: UUID) -> bool:
        return await self.refusal(user_id) is None

    async def refusal(self, user_id: UUID) -> SignInRefusal | None:
        """Why not; None for who may. Somebody without a row is pending.

        Raises:
            Unavailable: The database cannot be reached: nobody comes in then.
        """
        query = select(user_approvals.c.status).where(user_approvals.c.user_id == user_id)
        async with transaction(self._engine, _SECONDS) as connection:
            status = (await connection.execute(query)).scalar_one_or_none()
        return _REFUSALS.get(Status(status) if status else Status.PENDING)
