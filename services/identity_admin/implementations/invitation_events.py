"""Rows for Identity's outbox: the events of an invitation."""

from bff_core.clock import to_wire
from services.identity_admin.implementations.outbox_events import (
    MICROSECOND,
    PASSWORD_REQUESTED,
    USER_APPROVED,
    USER_REGISTERED,
    outbox_row,
)
from services.identity_admin.invitation import INVITED_VERSION
from services.identity_admin.models import ApprovalStatus, Invitation


def invitation_rows(invitation: Invitation) -> list[dict[str, object]]:
    """Build the rows: registered, approved, and the request for the mail that sets a password."""
    user_id, correlation_id = invitation.user_id, invitation.correlation_id
    at, ids = to_wire(invitation.invited_at), {"correlation_id": str(correlation_id)}
    registered: dict[str, object] = {
        "user_id": str(user_id),
        "org_id": invitation.org_id,
        "email": invitation.email,
        "registered_at": at,
        **ids,
    }
    approved: dict[str, object] = {
        "user_id": str(user_id),
        "org_id": invitation.org_id,
        "previous_status": ApprovalStatus.PENDING.value,
        "version": INVITED_VERSION,
        "decided_at": at,
        "decided_by": str(invitation.actor),
        "reason": invitation.note,
        **ids,
    }
    password: dict[str, object] = {
        "user_id": str(user_id),
        "email": invitation.email,
        "token_id": str(invitation.token),
        "expires_at": to_wire(invitation.expires_at),
        **ids,
    }
    events = (
        (USER_REGISTERED, registered),
        (USER_APPROVED, approved),
        (PASSWORD_REQUESTED, password),
    )
    # The outbox is ordered by time.
    return [
        outbox_row(topic, user_id, correlation_id, data, invitation.invited_at + n * MICROSECOND)
        for n, (topic, data) in enumerate(events)
    ]
