"""Selects of accounts and past decisions, their rows as models, and pages of both."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.context import Deadline
from services.identity_admin.implementations.database import transaction
from services.identity_admin.implementations.tables import (
    user_approvals,
    user_decisions,
    user_profiles,
    users,
)
from services.identity_admin.models import (
    FIRST_VERSION,
    AccountScope,
    ApprovalState,
    ApprovalStatus,
    DecisionAction,
    PastDecision,
    UserAccount,
)
from services.identity_admin.ports import DecisionFilter, PageCursor, UserFilter

_decider = user_profiles.alias("decider")
_full_name = case(
    (
        and_(_decider.c.first_name.is_not(None), _decider.c.last_name.is_not(None)),
        _decider.c.first_name + literal(" ") + _decider.c.last_name,
    ),
    else_=func.coalesce(_decider.c.first_name, _decider.c.last_name),
)
_decider_name = func.coalesce(_decider.c.display_name, _full_name).label("decider_name")


def in_scope(scope: AccountScope) -> ColumnElement[bool]:
    """Condition on `users`: the account exists for an admin of this scope."""
    return true() if scope.org_id is None else users.c.org_id == scope.org_id


def select_users_with_approval() -> Select[Any]:
    """Accounts that have a row in `user_approvals`, which comes first for the sake of its indexes."""
    return _select_users(user_approvals.join(users, users.c.id == user_approvals.c.user_id))


def select_users() -> Select[Any]:
    """All accounts, with or without a row in `user_approvals`."""
    return _select_users(users.outerjoin(user_approvals, users.c.id == user_approvals.c.user_id))


def _select_users(source: FromClause) -> Select[Any]:
    joined = source.outerjoin(user_profiles, user_profiles.c.user_id == users.c.id).outerjoin(
        _decider, _decider.c.user_id == user_approvals.c.decided_by
    )
    return select(
        users.c.id,
        users.c.email,
        users.c.org_id,
        users.c.email_verified,
        users.c.registered_at,
        user_profiles.c.first_name,
        user_profiles.c.last_name,
        user_profiles.c.display_name,
        user_approvals.c.status,
        user_approvals.c.version,
        user_approvals.c.requested_at,
        user_approvals.c.decided_at,
        user_approvals.c.decided_by,
        user_approvals.c.reason,
        _decider_name,
    ).select_from(joined)


def select_decisions(scope: AccountScope) -> Select[Any]:
    """Past decisions on the accounts of a scope; those on deleted accounts belong to no organisation."""
    joined = user_decisions.outerjoin(_decider, _decider.c.user_id == user_decisions.c.actor_id)
    query = select(user_decisions, _decider_name).select_from(joined)
    if scope.org_id is None:
        return query
    return query.join(users, users.c.id == user_decisions.c.user_id).where(in_scope(scope))


def approval_state(row: RowMapping) -> ApprovalState:
    """State from a row of `select_users`; pending without a row in `user_approvals`."""
    if row["status"] is None:
        return ApprovalState(row["id"], ApprovalStatus.PENDING, FIRST_VERSION, row["registered_at"])
    return ApprovalState(
        user_id=row["id"],
        status=ApprovalStatus(row["status"]),
        version=row["version"],
        requested_at=row["requested_at"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        decided_by_name=row["decider_name"],
        reason=row["reason"],
    )


def user_account(row: RowMapping) -> UserAccount:
    return UserAccount(
        user_id=row["id"],
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        display_name=row["display_name"],
        org_id=row["org_id"],
        email_verified=row["email_verified"],
        registered_at=row["registered_at"],
        approval=approval_state(row),
    )


def past_decision(row: RowMapping) -> PastDecision:
    return PastDecision(
        sequence=row["sequence"],
        user_id=row["user_id"],
        action=DecisionAction(row["action"]),
        from_status=ApprovalStatus(row["from_status"]),
        to_status=ApprovalStatus(row["to_status"]),
        version=row["version"],
        decided_by=row["actor_id"],
        decided_by_name=row["decider_name"],
        reason=row["reason"],
        correlation_id=row["correlation_id"],
        decided_at=row["decided_at"],
    )


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
