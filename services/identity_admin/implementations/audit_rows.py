"""Rows of Identity's audit log."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.identity_admin.implementations.tables import audit_logs


async def insert_audit_row(
    connection: AsyncConnection,
    action: str,
    details: Mapping[str, object],
    *,
    actor: UUID | None,
    correlation_id: UUID,
    created_at: datetime,
) -> None:
    """Insert an audit row; as in Identity's own rows, `user_id` is the actor."""
    row = {
        "id": uuid4(),
        "user_id": actor,
        "action": action,
        "details": dict(details),
        "correlation_id": correlation_id,
        "created_at": created_at,
    }
    await connection.execute(insert(audit_logs).values(row))
