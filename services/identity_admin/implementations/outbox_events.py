"""Rows for Identity's outbox: the event of a decision, and the request for an email."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import uuid4

from bff_core.clock import to_wire
from services.identity_admin.models import ApprovalStatus, Transition, UserAccount

USER_APPROVED = "huleedu.identity.user.approved.v1"
USER_DENIED = "huleedu.identity.user.denied.v1"
EMAIL_REQUESTED = "huleedu.email.notification.requested.v1"
TOPICS = (USER_APPROVED, USER_DENIED, EMAIL_REQUESTED)
SOURCE = "identity_service"
_STATUS_TOPICS: Mapping[ApprovalStatus, str] = MappingProxyType(
    {ApprovalStatus.APPROVED: USER_APPROVED, ApprovalStatus.DENIED: USER_DENIED}
)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class EmailTemplates:
    """Template ids of the emails after a decision; None sends no email."""

    on_approval: str | None = None
    on_denial: str | None = None
    dashboard_url: str = ""

    def template_for(self, status: ApprovalStatus) -> str | None:
        return self.on_approval if status is ApprovalStatus.APPROVED else self.on_denial


def outbox_rows(
    transition: Transition, account: UserAccount, templates: EmailTemplates
) -> list[dict[str, object]]:
    """Build the row of the event and, if there is a template, the later row of the email."""
    topic = _STATUS_TOPICS[transition.to_status]
    event = _event_data(transition, account)
    rows = [_outbox_row(transition, topic, event, transition.decided_at)]
    template = templates.template_for(transition.to_status)
    if template:
        email = _email_data(transition, account, template, templates.dashboard_url)
        # The outbox is ordered by time.
        later = transition.decided_at + _MICROSECOND
        rows.append(_outbox_row(transition, EMAIL_REQUESTED, email, later))
    return rows


def _event_data(transition: Transition, account: UserAccount) -> dict[str, object]:
    command = transition.command
    return {
        "user_id": str(command.user_id),
        "org_id": account.org_id,
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


def _outbox_row(
    transition: Transition, topic: str, data: Mapping[str, object], created_at: datetime
) -> dict[str, object]:
    event_id = uuid4()
    key = str(transition.command.user_id)
    envelope = {
        "event_id": str(event_id),
        "event_type": topic,
        "event_timestamp": to_wire(created_at),
        "source_service": SOURCE,
        "schema_version": 1,
        "correlation_id": str(transition.command.correlation_id),
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
