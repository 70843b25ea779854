"""Admin role of a user, read from Identity's database."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.tables import user_approvals, users
from services.identity_admin.models import ApprovalStatus

_TIMEOUT_SECONDS = 2.0


class SqlAdministrators:
    def __init__(self, engine: AsyncEngine, role: str) -> None:
        self._engine = engine
        self._role = role

    async def includes(self, user_id: str) -> bool:
        try:
            parsed = UUID(user_id)
        except ValueError:
            return False
        joined = users.join(user_approvals, user_approvals.c.user_id == users.c.id)
        query = (
            select(users.c.roles)
            .select_from(joined)
            .where(users.c.id == parsed, user_approvals.c.status == ApprovalStatus.APPROVED.value)
        )
        async with transaction(self._engine, _TIMEOUT_SECONDS) as connection:
            roles = (await connection.execute(query)).scalar_one_or_none()
        return isinstance(roles, list) and self._role in roles
