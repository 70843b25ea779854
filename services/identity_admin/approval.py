"""The state machine of an account: what may be decided, by whom, once.

pending  --approve--> approved      pending  --deny--> denied
denied   --approve--> approved      approved --deny--> denied
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from bff_core.clock import to_wire
from bff_core.errors import Conflict, NotAuthorized, NotFound
from services.identity_admin.standing import Action, Change, Order, Standing, Status

TRANSITIONS: Mapping[tuple[Status, Action], Status] = MappingProxyType(
    {
        (Status.PENDING, Action.APPROVE): Status.APPROVED,
        (Status.PENDING, Action.DENY): Status.DENIED,
        (Status.DENIED, Action.APPROVE): Status.APPROVED,
        (Status.APPROVED, Action.DENY): Status.DENIED,
    }
)
# A decision writes up to two events a microsecond apart, and the outbox is ordered by time.
_STEP = timedelta(microseconds=10)


class OwnAccount(NotAuthorized):
    message = "You cannot decide on your own account"

    def __init__(self) -> None:
        super().__init__(details={"reason": "own_account"})


class DecidedMeanwhile(Conflict):
    """Somebody else was here since the caller looked; `details.current` says who and when."""

    message = "This account has changed since you read it"

    def __init__(self, standing: Standing) -> None:
        decided_at, decided_by = standing.decided_at, standing.decided_by
        current = {
            "status": standing.status.value,
            "version": standing.version,
            "decided_at": to_wire(decided_at) if decided_at else None,
            "decided_by": str(decided_by) if decided_by else None,
            "decided_by_name": standing.decided_by_name,
        }
        super().__init__(details={"reason": "version_mismatch", "current": current})


def judge(standing: Standing | None, order: Order, now: datetime) -> Change | None:
    """The change that the order makes; None when it has been made already.

    Raises:
        OwnAccount: The actor is the one decided on.
        NotFound: There is no such person.
        DecidedMeanwhile: The order is meant for another version.
    """
    if order.actor == order.user_id:
        raise OwnAccount
    if standing is None:
        raise NotFound
    if standing.status is order.action.leads_to:
        return None
    if order.expected_version not in {None, standing.version}:
        raise DecidedMeanwhile(standing)
    return Change(
        order=order,
        before=standing.status,
        after=TRANSITIONS[standing.status, order.action],
        version=standing.version + 1,
        at=_after(standing, now),
    )


def _after(standing: Standing, now: datetime) -> datetime:
    """Now, but later than the decision before: the clocks of two processes may differ."""
    if standing.decided_at is None:
        return now
    return max(now, standing.decided_at + _STEP)
