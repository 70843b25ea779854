"""Admin role and organisation of a user, read from Identity's database."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.tables import user_approvals, users
from services.identity_admin.models import Admin, ApprovalStatus
from services.identity_admin.scope import ScopePolicy

_TIMEOUT_SECONDS = 2.0


class SqlAdministrators:
    def __init__(self, engine: AsyncEngine, role: str, policy: ScopePolicy) -> None:
        self._engine = engine
        self._role = role
        self._policy = policy

    async def find(self, user_id: str) -> Admin | None:
        try:
            parsed = UUID(user_id)
        except ValueError:
            return None
        joined = users.join(user_approvals, user_approvals.c.user_id == users.c.id)
        query = (
            select(users.c.roles, users.c.org_id)
            .select_from(joined)
            .where(users.c.id == parsed, user_approvals.c.status == ApprovalStatus.APPROVED.value)
        )
        async with transaction(self._engine, _TIMEOUT_SECONDS) as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None or not isinstance(row.roles, list) or self._role not in row.roles:
            return None
        scope = self._policy.scope_of(row.org_id, frozenset(row.roles))
        return Admin(parsed, row.org_id, scope)
