"""The two tables of sessions: one decides about refresh tokens, the other is only shown."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from devstack.emulators.identity.audit import MAX_ADDRESS
from devstack.emulators.identity.caller import Caller, device
from devstack.emulators.identity.tables import refresh_sessions, user_sessions

# Literals on the platform, whatever lifetime its tokens are given.
_SESSION_SECONDS = 86_400


async def open_session(
    connection: AsyncConnection, user_id: UUID, jti: str, caller: Caller, at: datetime
) -> None:
    """Both rows of a new session.

    Raises:
        ValueError: The caller's address does not fit its column.
    """
    if caller.ip is not None and len(caller.ip) > MAX_ADDRESS:
        # PostgreSQL refuses it by itself; SQLite knows no lengths.
        raise ValueError(f"an address of more than {MAX_ADDRESS} characters")
    expires = int(at.timestamp()) + _SESSION_SECONDS
    kept = insert(refresh_sessions).values(jti=jti, user_id=user_id, exp_ts=expires, created_at=at)
    await connection.execute(kept)
    browser, kind = device(caller.user_agent)
    shown = insert(user_sessions).values(
        user_id=user_id,
        jti=jti,
        device_name=browser,
        device_type=kind,
        ip_address=caller.ip,
        user_agent=caller.user_agent,
        last_activity=at,
        created_at=at,
        expires_at=at + timedelta(seconds=_SESSION_SECONDS),
    )
    await connection.execute(shown)


async def may_refresh(connection: AsyncConnection, jti: str, at: datetime) -> bool:
    wanted = select(refresh_sessions.c.exp_ts).where(refresh_sessions.c.jti == jti)
    expires = (await connection.execute(wanted)).scalar_one_or_none()
    return expires is not None and expires > at.timestamp()


async def end_refresh(connection: AsyncConnection, jti: str) -> None:
    await connection.execute(delete(refresh_sessions).where(refresh_sessions.c.jti == jti))


async def active(connection: AsyncConnection, user_id: UUID, at: datetime) -> int:
    mine = select(func.count()).where(
        user_sessions.c.user_id == user_id,
        user_sessions.c.revoked_at.is_(None),
        user_sessions.c.expires_at > at,
    )
    return (await connection.execute(mine)).scalar_one()


async def owner(connection: AsyncConnection, jti: str) -> UUID | None:
    wanted = select(user_sessions.c.user_id).where(user_sessions.c.jti == jti)
    return (await connection.execute(wanted)).scalar_one_or_none()


async def revoke(
    connection: AsyncConnection,
    user_id: UUID,
    at: datetime,
    *,
    jti: str | None = None,
    keep: str | None = None,
) -> int:
    """Mark one session, or all but one, as revoked; how many that were."""
    marked = update(user_sessions).where(
        user_sessions.c.user_id == user_id, user_sessions.c.revoked_at.is_(None)
    )
    if jti is not None:
        marked = marked.where(user_sessions.c.jti == jti)
    if keep is not None:
        marked = marked.where(user_sessions.c.jti != keep)
    return (await connection.execute(marked.values(revoked_at=at))).rowcount
