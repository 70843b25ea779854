"""From what we know to what we promise."""

from datetime import datetime
from uuid import UUID

from services.identity_admin.dto.user_approval_v1 import PastDecisionV1, UserApprovalV1
from services.identity_admin.dto.user_decision_v1 import UserDecisionV1
from services.identity_admin.standing import PastDecision, Person, Standing, Status


def user_of(person: Person, now: datetime) -> UserApprovalV1:
    standing = person.standing
    return UserApprovalV1(
        user_id=str(person.user_id),
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        display_name=person.display_name,
        org_id=person.org_id,
        email_verified=person.email_verified,
        registered_at=person.registered_at,
        status=standing.status.value,
        version=standing.version,
        requested_at=standing.requested_at,
        waiting_seconds=_waiting(standing, now),
        decided_at=standing.decided_at,
        decided_by=_text(standing.decided_by),
        decided_by_name=standing.decided_by_name,
        reason=standing.reason,
    )


def past_of(decision: PastDecision) -> PastDecisionV1:
    return PastDecisionV1(
        sequence=decision.sequence,
        user_id=str(decision.user_id),
        action=decision.action.value,
        from_status=decision.before.value,
        to_status=decision.after.value,
        version=decision.version,
        decided_at=decision.decided_at,
        decided_by=_text(decision.actor),
        decided_by_name=decision.actor_name,
        reason=decision.reason,
        correlation_id=str(decision.correlation_id),
    )


def decision_of(standing: Standing) -> UserDecisionV1:
    return UserDecisionV1(
        user_id=str(standing.user_id),
        status=standing.status.value,
        version=standing.version,
        decided_at=standing.decided_at,
        decided_by=_text(standing.decided_by),
        decided_by_name=standing.decided_by_name,
        reason=standing.reason,
    )


def _waiting(standing: Standing, now: datetime) -> int | None:
    if standing.status is not Status.PENDING:
        return None
    return max(0, int((now - standing.requested_at).total_seconds()))


def _text(user_id: UUID | None) -> str | None:
    return str(user_id) if user_id else None
