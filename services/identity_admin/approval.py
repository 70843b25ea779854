"""State machine of an account's approval.

pending  --approve--> approved      pending  --deny--> denied
denied   --approve--> approved      approved --deny--> denied
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from bff_core.clock import to_wire
from bff_core.errors import Conflict, NotAuthorized, NotFound
from services.identity_admin.models import (
    ApprovalState,
    ApprovalStatus,
    DecisionAction,
    DecisionCommand,
    Transition,
)

TRANSITIONS: Mapping[tuple[ApprovalStatus, DecisionAction], ApprovalStatus] = MappingProxyType(
    {
        (ApprovalStatus.PENDING, DecisionAction.APPROVE): ApprovalStatus.APPROVED,
        (ApprovalStatus.PENDING, DecisionAction.DENY): ApprovalStatus.DENIED,
        (ApprovalStatus.DENIED, DecisionAction.APPROVE): ApprovalStatus.APPROVED,
        (ApprovalStatus.APPROVED, DecisionAction.DENY): ApprovalStatus.DENIED,
    }
)
# A decision writes up to two events, one microsecond apart, and the outbox is ordered by time.
_MIN_INTERVAL = timedelta(microseconds=10)


class OwnAccount(NotAuthorized):
    message = "You cannot decide on your own account"

    def __init__(self) -> None:
        super().__init__(details={"reason": "own_account"})


class VersionMismatch(Conflict):
    """The account has another version than the caller expects; `details.current` holds its state."""

    message = "This account has changed since you read it"

    def __init__(self, state: ApprovalState) -> None:
        current = {
            "status": state.status.value,
            "version": state.version,
            "decided_at": to_wire(state.decided_at) if state.decided_at else None,
            "decided_by": str(state.decided_by) if state.decided_by else None,
            "decided_by_name": state.decided_by_name,
        }
        super().__init__(details={"reason": "version_mismatch", "current": current})


def decide(
    state: ApprovalState | None, command: DecisionCommand, now: datetime
) -> Transition | None:
    """Return the transition that the command causes; None when the status is that already.

    Raises:
        OwnAccount: The actor decides on their own account.
        NotFound: There is no such account.
        VersionMismatch: The command expects another version.
    """
    if command.actor == command.user_id:
        raise OwnAccount
    if state is None:
        raise NotFound
    if state.status is command.action.resulting_status:
        return None
    if command.expected_version not in {None, state.version}:
        raise VersionMismatch(state)
    # The clocks of two processes may differ: a decision is always later than the one before.
    earliest = now if state.decided_at is None else state.decided_at + _MIN_INTERVAL
    return Transition(
        command=command,
        from_status=state.status,
        to_status=TRANSITIONS[state.status, command.action],
        version=state.version + 1,
        decided_at=max(now, earliest),
    )
