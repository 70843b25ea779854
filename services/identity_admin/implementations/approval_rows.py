"""Selects of accounts and past decisions, and their rows as models."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, and_, case, func, literal, select, true
from sqlalchemy.engine import RowMapping

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
        return ApprovalState(
            user_id=row["id"],
            status=ApprovalStatus.PENDING,
            version=FIRST_VERSION,
            requested_at=row["registered_at"],
        )
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
        actor=row["actor_id"],
        actor_name=row["decider_name"],
        reason=row["reason"],
        correlation_id=row["correlation_id"],
        decided_at=row["decided_at"],
    )
