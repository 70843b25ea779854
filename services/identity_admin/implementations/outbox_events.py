"""Rows for Identity's outbox: the events of decisions and invitations, and the request for an email."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID, uuid4

from bff_core.clock import to_wire
from services.identity_admin.models import (
    DecisionAction,
    Invitation,
    Transition,
    UserAccount,
)

USER_APPROVED = "huleedu.identity.user.approved.v1"
USER_DENIED = "huleedu.identity.user.denied.v1"
USER_DEACTIVATED = "huleedu.identity.user.deactivated.v1"
USER_REACTIVATED = "huleedu.identity.user.reactivated.v1"
EMAIL_REQUESTED = "huleedu.email.notification.requested.v1"
# Events that Identity has already: an invitation registers an account, and asks for a password.
USER_REGISTERED = "huleedu.identity.user.registered.v1"
PASSWORD_REQUESTED = "huleedu.identity.password.reset.requested.v1"  # noqa: S105 - a topic
TOPICS = (
    USER_APPROVED,
    USER_DENIED,
    USER_DEACTIVATED,
    USER_REACTIVATED,
    EMAIL_REQUESTED,
    PASSWORD_REQUESTED,
)
SOURCE = "identity_service"
PAST_TENSES: Mapping[DecisionAction, str] = MappingProxyType(
    {
        DecisionAction.APPROVE: "approved",
        DecisionAction.DENY: "denied",
        DecisionAction.DEACTIVATE: "deactivated",
        DecisionAction.REACTIVATE: "reactivated",
        DecisionAction.INVITE: "invited",
    }
)
_ACTION_TOPICS: Mapping[DecisionAction, str] = MappingProxyType(
    {
        DecisionAction.APPROVE: USER_APPROVED,
        DecisionAction.DENY: USER_DENIED,
        DecisionAction.DEACTIVATE: USER_DEACTIVATED,
        DecisionAction.REACTIVATE: USER_REACTIVATED,
    }
)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class EmailTemplates:
    """Template ids of the emails after a decision; None sends no email."""

    on_approval: str | None = None
    on_denial: str | None = None
    dashboard_url: str = ""

    def template_for(self, action: DecisionAction) -> str | None:
        match action:
            case DecisionAction.APPROVE:
                return self.on_approval
            case DecisionAction.DENY:
                return self.on_denial
            case _:
                return None


def outbox_rows(
    transition: Transition, account: UserAccount, templates: EmailTemplates
) -> list[dict[str, object]]:
    """Build the row of the event and, if there is a template, the later row of the email."""
    command, at = transition.command, transition.decided_at
    event = _event_data(transition, account.org_id)
    rows = [outbox_row(_ACTION_TOPICS[command.action], command.user_id, event, at)]
    template = templates.template_for(command.action)
    if template:
        email = _email_data(transition, account, template, templates.dashboard_url)
        # The outbox is ordered by time.
        rows.append(outbox_row(EMAIL_REQUESTED, command.user_id, email, at + MICROSECOND))
    return rows


def _event_data(transition: Transition, org_id: str | None) -> dict[str, object]:
    command = transition.command
    return {
        "user_id": str(command.user_id),
        "org_id": org_id,
        "previous_status": transition.from_status.value,
        "version": transition.version,
        "decided_at": to_wire(transition.decided_at),
        "decided_by": str(command.actor) if command.actor else None,
        "reason": command.reason,
        "correlation_id": str(command.correlation_id),
    }


def _email_data(
    transition: Transition, account: UserAccount, template: str, dashboard_url: str
) -> dict[str, object]:
    return {
        "message_id": str(uuid4()),
        "template_id": template,
        "to": account.email,
        "variables": {
            "first_name": account.first_name or "",
            "dashboard_link": dashboard_url,
            "reason": transition.command.reason or "",
        },
        "category": "system",
        "correlation_id": str(transition.command.correlation_id),
    }


def outbox_row(
    topic: str, user_id: UUID, data: Mapping[str, object], created_at: datetime
) -> dict[str, object]:
    """Row of `event_outbox` with the platform's envelope around `data`, which has the id of the request."""
    event_id = uuid4()
    key = str(user_id)
    envelope = {
        "event_id": str(event_id),
        "event_type": topic,
        "event_timestamp": to_wire(created_at),
        "source_service": SOURCE,
        "schema_version": 1,
        "correlation_id": data["correlation_id"],
        "data_schema_uri": None,
        "data": dict(data),
        "metadata": None,
        # Identity's own relay reads the topic from here.
        "topic": topic,
    }
    return {
        "id": event_id,
        "aggregate_id": key,
        "aggregate_type": "user",
        "event_type": topic,
        "event_data": envelope,
        "event_key": key,
        "topic": topic,
        "created_at": created_at,
        "retry_count": 0,
    }


def invitation_rows(invitation: Invitation) -> list[dict[str, object]]:
    """Build the rows: registered, approved, and the request for the mail that sets a password."""
    user_id, correlation_id = str(invitation.user_id), str(invitation.correlation_id)
    registered = {
        "user_id": user_id,
        "org_id": invitation.org_id,
        "email": invitation.email,
        "registered_at": to_wire(invitation.invited_at),
        "correlation_id": correlation_id,
    }
    password = {
        "user_id": user_id,
        "email": invitation.email,
        "token_id": str(invitation.token),
        "expires_at": to_wire(invitation.expires_at),
        "correlation_id": correlation_id,
    }
    events: tuple[tuple[str, Mapping[str, object]], ...] = (
        (USER_REGISTERED, registered),
        (USER_APPROVED, _event_data(invitation.transition, invitation.org_id)),
        (PASSWORD_REQUESTED, password),
    )
    # The outbox is ordered by time.
    return [
        outbox_row(topic, invitation.user_id, data, invitation.invited_at + n * MICROSECOND)
        for n, (topic, data) in enumerate(events)
    ]
