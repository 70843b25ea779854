"""Domain models to wire models."""

from datetime import datetime
from uuid import UUID

from services.identity_admin.dto.user_approval_v1 import PastDecisionV1, UserApprovalV1
from services.identity_admin.dto.user_decision_v1 import UserDecisionV1
from services.identity_admin.models import (
    ApprovalState,
    ApprovalStatus,
    PastDecision,
    UserAccount,
)


def to_user_approval(account: UserAccount, now: datetime) -> UserApprovalV1:
    state = account.approval
    waiting_seconds = None
    if state.status is ApprovalStatus.PENDING:
        waiting_seconds = max(0, int((now - state.requested_at).total_seconds()))
    return UserApprovalV1(
        user_id=str(account.user_id),
        email=account.email,
        first_name=account.first_name,
        last_name=account.last_name,
        display_name=account.display_name,
        org_id=account.org_id,
        email_verified=account.email_verified,
        registered_at=account.registered_at,
        status=state.status.value,
        version=state.version,
        requested_at=state.requested_at,
        waiting_seconds=waiting_seconds,
        decided_at=state.decided_at,
        decided_by=_optional_text(state.decided_by),
        decided_by_name=state.decided_by_name,
        reason=state.reason,
    )


def to_past_decision(decision: PastDecision) -> PastDecisionV1:
    return PastDecisionV1(
        sequence=decision.sequence,
        user_id=str(decision.user_id),
        action=decision.action.value,
        from_status=decision.from_status.value,
        to_status=decision.to_status.value,
        version=decision.version,
        decided_at=decision.decided_at,
        decided_by=_optional_text(decision.actor),
        decided_by_name=decision.actor_name,
        reason=decision.reason,
        correlation_id=str(decision.correlation_id),
    )


def to_user_decision(state: ApprovalState) -> UserDecisionV1:
    return UserDecisionV1(
        user_id=str(state.user_id),
        status=state.status.value,
        version=state.version,
        decided_at=state.decided_at,
        decided_by=_optional_text(state.decided_by),
        decided_by_name=state.decided_by_name,
        reason=state.reason,
    )


def _optional_text(user_id: UUID | None) -> str | None:
    return str(user_id) if user_id else None
