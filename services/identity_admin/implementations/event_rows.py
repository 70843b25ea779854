"""What a decision tells the rest of the platform: rows for Identity's outbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID, uuid4

from bff_core.clock import to_wire
from services.identity_admin.standing import Change, Status

USER_APPROVED = "huleedu.identity.user.approved.v1"
USER_DENIED = "huleedu.identity.user.denied.v1"
MAIL_REQUESTED = "huleedu.email.notification.requested.v1"
TOPICS = (USER_APPROVED, USER_DENIED, MAIL_REQUESTED)
SOURCE = "identity_service"
_TOPIC_OF: Mapping[Status, str] = MappingProxyType(
    {Status.APPROVED: USER_APPROVED, Status.DENIED: USER_DENIED}
)
_NEXT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a decision is about, as events and mails need it."""

    email: str
    org_id: str | None
    first_name: str | None


@dataclass(frozen=True, slots=True)
class Mails:
    """Templates to ask for; None asks for no mail."""

    on_approval: str | None = None
    on_denial: str | None = None
    dashboard_url: str = ""

    def template(self, status: Status) -> str | None:
        return self.on_approval if status is Status.APPROVED else self.on_denial


def rows_for(change: Change, addressee: Addressee, mails: Mails) -> list[dict[str, object]]:
    """The event and, by setting, the mail; the mail comes second."""
    rows = [_row(change, _TOPIC_OF[change.after], _facts(change, addressee), change.at)]
    template = mails.template(change.after)
    if template:
        data = _mail(change, addressee, template, mails.dashboard_url)
        # The outbox is read by time.
        rows.append(_row(change, MAIL_REQUESTED, data, change.at + _NEXT))
    return rows


def _facts(change: Change, addressee: Addressee) -> dict[str, object]:
    order = change.order
    return {
        "user_id": str(order.user_id),
        "org_id": addressee.org_id,
        "previous_status": change.before.value,
        "version": change.version,
        "decided_at": to_wire(change.at),
        "decided_by": str(order.actor) if order.actor else None,
        "reason": order.reason,
        "correlation_id": str(order.correlation_id),
    }


def _mail(
    change: Change, addressee: Addressee, template: str, dashboard_url: str
) -> dict[str, object]:
    return {
        "message_id": str(uuid4()),
        "template_id": template,
        "to": addressee.email,
        "variables": {
            "first_name": addressee.first_name or "",
            "dashboard_link": dashboard_url,
            "reason": change.order.reason or "",
        },
        "category": "system",
        "correlation_id": str(change.order.correlation_id),
    }


def _row(change: Change, topic: str, data: Mapping[str, object], at: datetime) -> dict[str, object]:
    event_id: UUID = uuid4()
    key = str(change.order.user_id)
    envelope = {
        "event_id": str(event_id),
        "event_type": topic,
        "event_timestamp": to_wire(at),
        "source_service": SOURCE,
        "schema_version": 1,
        "correlation_id": str(change.order.correlation_id),
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
        "created_at": at,
        "retry_count": 0,
    }
