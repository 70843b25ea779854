"""Admins as Identity's database has them: role, organisation and the accounts that exist for each."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.errors import NotAuthorized
from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.tables import user_approvals, users
from services.identity_admin.models import ALL_ACCOUNTS, AccountScope, Admin, ApprovalStatus

_TIMEOUT_SECONDS = 2.0


class NoOrganisation(NotAuthorized):
    message = "Your account belongs to no organisation, so there are no accounts to administer"

    def __init__(self) -> None:
        super().__init__(details={"reason": "no_organisation"})


@dataclass(frozen=True, slots=True)
class ScopePolicy:
    """`by_organisation` limits admins to their own, except those with the role `unlimited_role`."""

    by_organisation: bool
    unlimited_role: str | None = None

    def scope_of(self, org_id: str | None, roles: AbstractSet[str]) -> AccountScope:
        """Return the scope of an admin.

        Raises:
            NoOrganisation: The admin is limited, and belongs to no organisation.
        """
        if not self.by_organisation or self.unlimited_role in roles:
            return ALL_ACCOUNTS
        if org_id is None or not org_id.strip():
            raise NoOrganisation
        return AccountScope(org_id)


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
