"""Rows as standings, people and past decisions."""

from typing import Any

from sqlalchemy import Select, and_, case, func, literal, select
from sqlalchemy.engine import RowMapping

from services.identity_admin.implementations.tables import (
    user_approvals,
    user_decisions,
    user_profiles,
    users,
)
from services.identity_admin.standing import (
    FIRST_VERSION,
    Action,
    PastDecision,
    Person,
    Standing,
    Status,
)

decider = user_profiles.alias("decider")


def _name(profile: Any) -> Any:
    """What to call somebody: the display name, else first and last; null when there is neither."""
    both = case(
        (
            and_(profile.c.first_name.is_not(None), profile.c.last_name.is_not(None)),
            profile.c.first_name + literal(" ") + profile.c.last_name,
        ),
        else_=func.coalesce(profile.c.first_name, profile.c.last_name),
    )
    return func.coalesce(profile.c.display_name, both)


decider_name = _name(decider).label("decider_name")

standing_columns = (
    user_approvals.c.status,
    user_approvals.c.version,
    user_approvals.c.requested_at,
    user_approvals.c.decided_at,
    user_approvals.c.decided_by,
    user_approvals.c.reason,
)
person_columns = (
    users.c.id,
    users.c.email,
    users.c.org_id,
    users.c.email_verified,
    users.c.registered_at,
    user_profiles.c.first_name,
    user_profiles.c.last_name,
    user_profiles.c.display_name,
)


def people() -> Select[Any]:
    """Everybody that has a standing of their own, with who decided on them."""
    joined = (
        user_approvals.join(users, users.c.id == user_approvals.c.user_id)
        .outerjoin(user_profiles, user_profiles.c.user_id == users.c.id)
        .outerjoin(decider, decider.c.user_id == user_approvals.c.decided_by)
    )
    return select(*person_columns, *standing_columns, decider_name).select_from(joined)


def anybody() -> Select[Any]:
    """The same for people whose registration wrote no row as well: they are pending."""
    joined = (
        users.outerjoin(user_approvals, users.c.id == user_approvals.c.user_id)
        .outerjoin(user_profiles, user_profiles.c.user_id == users.c.id)
        .outerjoin(decider, decider.c.user_id == user_approvals.c.decided_by)
    )
    return select(*person_columns, *standing_columns, decider_name).select_from(joined)


def past_decisions() -> Select[Any]:
    actor = decider.c.user_id == user_decisions.c.actor_id
    return select(user_decisions, decider_name).select_from(
        user_decisions.outerjoin(decider, actor)
    )


def standing_of(row: RowMapping) -> Standing:
    if row["status"] is None:
        return Standing(row["id"], Status.PENDING, FIRST_VERSION, row["registered_at"])
    return Standing(
        user_id=row["id"],
        status=Status(row["status"]),
        version=row["version"],
        requested_at=row["requested_at"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        decided_by_name=row["decider_name"],
        reason=row["reason"],
    )


def person_of(row: RowMapping) -> Person:
    return Person(
        user_id=row["id"],
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        display_name=row["display_name"],
        org_id=row["org_id"],
        email_verified=row["email_verified"],
        registered_at=row["registered_at"],
        standing=standing_of(row),
    )


def past_of(row: RowMapping) -> PastDecision:
    return PastDecision(
        sequence=row["sequence"],
        user_id=row["user_id"],
        action=Action(row["action"]),
        before=Status(row["from_status"]),
        after=Status(row["to_status"]),
        version=row["version"],
        actor=row["actor_id"],
        actor_name=row["decider_name"],
        reason=row["reason"],
        correlation_id=row["correlation_id"],
        decided_at=row["decided_at"],
    )
