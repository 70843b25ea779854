"""State machine of an account's approval.

pending  --approve--> approved      pending  --deny--> denied
denied   --approve--> approved      approved --deny--> denied
approved --deactivate--> deactivated --reactivate--> approved
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from bff_core.clock import to_wire
from bff_core.errors import Conflict, NotAuthorized, NotFound
from services.identity_admin.models import (
    ActiveAdmins,
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
        (ApprovalStatus.APPROVED, DecisionAction.DEACTIVATE): ApprovalStatus.DEACTIVATED,
        (ApprovalStatus.DEACTIVATED, DecisionAction.REACTIVATE): ApprovalStatus.APPROVED,
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
        super().__init__(details={"reason": "version_mismatch", "current": _describe(state)})


class TransitionRefused(Conflict):
    """The state machine has no such step from the account's status, which `current` holds."""

    message = "This cannot be done with an account in this state"

    def __init__(self, state: ApprovalState) -> None:
        super().__init__(details={"reason": "not_from_this_state", "current": _describe(state)})


class LastAdmin(Conflict):
    message = "The organisation would have no admin left"

    def __init__(self) -> None:
        super().__init__(details={"reason": "last_admin"})


def _describe(state: ApprovalState) -> dict[str, object]:
    return {
        "status": state.status.value,
        "version": state.version,
        "decided_at": to_wire(state.decided_at) if state.decided_at else None,
        "decided_by": str(state.decided_by) if state.decided_by else None,
        "decided_by_name": state.decided_by_name,
    }


def decide(
    state: ApprovalState | None,
    command: DecisionCommand,
    now: datetime,
    admins: ActiveAdmins | None = None,
) -> Transition | None:
    """Return the transition that the command causes; None when the status is that already.

    `admins` is required where an admin ends somebody's access; the command line needs none.

    Raises:
        OwnAccount: The actor decides on their own account.
        NotAuthorized: The actor has lost their own access meanwhile.
        NotFound: There is no such account.
        VersionMismatch: The command expects another version.
        TransitionRefused: The account's status does not allow it.
        LastAdmin: The organisation would have no admin left.
    """
    if command.actor == command.user_id:
        raise OwnAccount
    if admins is not None and not admins.actor_is_admin:
        raise NotAuthorized
    if state is None:
        raise NotFound
    if state.status is command.action.resulting_status:
        return None
    if command.expected_version not in {None, state.version}:
        raise VersionMismatch(state)
    if (state.status, command.action) not in TRANSITIONS:
        raise TransitionRefused(state)
    if admins is not None and admins.would_lose_last(state.user_id):
        raise LastAdmin
    return _transition(state, command, now)


def _transition(state: ApprovalState, command: DecisionCommand, now: datetime) -> Transition:
    # The clocks of two processes may differ: a decision is always later than the one before.
    earliest = now if state.decided_at is None else state.decided_at + _MIN_INTERVAL
    return Transition(
        command=command,
        from_status=state.status,
        to_status=TRANSITIONS[state.status, command.action],
        version=state.version + 1,
        decided_at=max(now, earliest),
    )


class AddressTaken(Conflict):
    """Says nothing of the account, which may be of another organisation."""

    message = "There is an account with this address already"

    def __init__(self) -> None:
        super().__init__(details={"reason": "address_taken"})


class KeyReused(Conflict):
    message = "This Idempotency-Key belongs to another request"

    def __init__(self) -> None:
        super().__init__(details={"reason": "idempotency_key_reused"})
