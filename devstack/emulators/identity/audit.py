"""The Identity service's audit rows: written for sign-ins, passwords, sessions and tokens."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from devstack.emulators.identity.caller import Caller
from devstack.emulators.identity.tables import audit_logs

MAX_ADDRESS = 45


async def record(
    connection: AsyncConnection,
    action: str,
    caller: Caller,
    *,
    at: datetime,
    user_id: UUID | None = None,
    details: Mapping[str, object] | None = None,
) -> None:
    """One row. An address that does not fit its column loses the row in silence, as there."""
    if caller.ip is not None and len(caller.ip) > MAX_ADDRESS:
        return
    row = insert(audit_logs).values(
        user_id=user_id,
        action=action,
        details=dict(details or {}),
        ip_address=caller.ip,
        user_agent=caller.user_agent,
        correlation_id=caller.correlation_id,
        created_at=at,
    )
    await connection.execute(row)
