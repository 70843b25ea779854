"""Events as the platform's outbox keeps them: an envelope, plus its topic."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bff_core.clock import to_wire
from devstack.emulators.identity.tables import event_outbox

SOURCE = "identity_service"
USER_REGISTERED = "huleedu.identity.user.registered.v1"
VERIFICATION_REQUESTED = "huleedu.identity.email.verification.requested.v1"
EMAIL_VERIFIED = "huleedu.identity.email.verified.v1"
RESET_REQUESTED = "huleedu.identity.password.reset.requested.v1"
RESET_COMPLETED = "huleedu.identity.password.reset.completed.v1"
LOGIN_SUCCEEDED = "huleedu.identity.login.succeeded.v1"
LOGIN_FAILED = "huleedu.identity.login.failed.v1"
TOKEN_REVOKED = "huleedu.identity.token.revoked.v1"


async def publish(
    connection: AsyncConnection,
    topic: str,
    data: Mapping[str, object],
    *,
    key: str,
    correlation_id: UUID,
    at: datetime,
    aggregate_type: str = "user",
) -> None:
    """Put one event into the outbox; `data` is JSON, without its correlation id."""
    envelope = {
        "event_id": str(uuid4()),
        "event_type": topic,
        "event_timestamp": to_wire(at),
        "source_service": SOURCE,
        "schema_version": 1,
        "correlation_id": str(correlation_id),
        "data_schema_uri": None,
        "data": {**data, "correlation_id": str(correlation_id)},
        "metadata": None,
        "topic": topic,
    }
    await _insert(connection, topic, envelope, key=key, aggregate_type=aggregate_type, at=at)


async def publish_revocation(
    connection: AsyncConnection, data: Mapping[str, object], *, key: str, at: datetime
) -> None:
    """The one event that goes without an envelope and under its class's name."""
    raw = {**data, "topic": TOKEN_REVOKED}
    await _insert(connection, "TokenRevokedV1", raw, key=key, aggregate_type="user", at=at)


async def _insert(
    connection: AsyncConnection,
    event_type: str,
    event_data: Mapping[str, object],
    *,
    key: str,
    aggregate_type: str,
    at: datetime,
) -> None:
    row = insert(event_outbox).values(
        aggregate_id=key,
        aggregate_type=aggregate_type,
        event_type=event_type,
        event_data=dict(event_data),
        event_key=key,
        topic=event_data["topic"],
        created_at=at,
    )
    await connection.execute(row)
