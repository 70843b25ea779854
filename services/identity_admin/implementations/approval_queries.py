"""Lists of accounts and decisions from Identity's database."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, tuple_
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.context import Deadline
from services.identity_admin.implementations.approval_rows import (
    in_scope,
    past_decision,
    select_decisions,
    select_users,
    select_users_with_approval,
    user_account,
)
from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.tables import (
    user_approvals,
    user_decisions,
    user_profiles,
    users,
)
from services.identity_admin.models import AccountScope, PastDecision, UserAccount
from services.identity_admin.ports import DecisionFilter, PageCursor, UserFilter


class SqlApprovalQueries:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def list_users(
        self, conditions: UserFilter, after: PageCursor | None, limit: int, deadline: Deadline
    ) -> Sequence[UserAccount]:
        rows = await self._fetch_all(select_user_page(conditions, after, limit), deadline)
        return [user_account(row) for row in rows]

    async def get_user(
        self, user_id: UUID, scope: AccountScope, deadline: Deadline
    ) -> UserAccount | None:
        query = select_users().where(users.c.id == user_id, in_scope(scope))
        rows = await self._fetch_all(query, deadline)
        return user_account(rows[0]) if rows else None

    async def list_decisions(
        self, conditions: DecisionFilter, limit: int, deadline: Deadline
    ) -> Sequence[PastDecision]:
        rows = await self._fetch_all(select_decision_page(conditions, limit), deadline)
        return [past_decision(row) for row in rows]

    async def _fetch_all(self, query: Select[Any], deadline: Deadline) -> Sequence[RowMapping]:
        async with transaction(self._engine, deadline.left()) as connection:
            rows: Sequence[RowMapping] = (await connection.execute(query)).mappings().all()
            return rows


def select_user_page(conditions: UserFilter, after: PageCursor | None, limit: int) -> Select[Any]:
    """Accounts after the cursor, in the order of an index of `user_approvals`."""
    approvals, profiles = user_approvals.c, user_profiles.c
    query = select_users_with_approval()
    if conditions.scope.org_id is not None:
        query = query.where(in_scope(conditions.scope))
    if conditions.status is not None:
        query = query.where(approvals.status == conditions.status.value)
    if conditions.org_id is not None:
        query = query.where(users.c.org_id == conditions.org_id)
    if conditions.verified is not None:
        query = query.where(users.c.email_verified.is_(conditions.verified))
    if conditions.text is not None:
        names = (profiles.first_name, profiles.last_name, profiles.display_name)
        searched = (users.c.email, *names)
        matches = [column.icontains(conditions.text, autoescape=True) for column in searched]
        query = query.where(or_(*matches))
    if after is not None:
        sort_key = tuple_(approvals.requested_at, approvals.user_id)
        query = query.where(sort_key > tuple_(after.requested_at, after.user_id))
    # Status is no part of the order: an account decided on between two pages keeps its place.
    return query.order_by(approvals.requested_at, approvals.user_id).limit(limit)


def select_decision_page(conditions: DecisionFilter, limit: int) -> Select[Any]:
    decisions = user_decisions.c
    query = select_decisions(conditions.scope)
    if conditions.actor is not None:
        query = query.where(decisions.actor_id == conditions.actor)
    if conditions.user_id is not None:
        query = query.where(decisions.user_id == conditions.user_id)
    if conditions.since is not None:
        query = query.where(decisions.decided_at >= conditions.since)
    if conditions.before is not None:
        query = query.where(decisions.sequence < conditions.before)
    return query.order_by(decisions.sequence.desc()).limit(limit)
