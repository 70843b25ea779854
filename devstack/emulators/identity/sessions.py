"""Sessions: one table decides about refresh tokens, the other is only shown to its user."""

from datetime import timedelta
from uuid import UUID

from quart import Blueprint, Response, jsonify, request
from sqlalchemy import ColumnElement, delete, func, insert, select, true, update

from devstack.emulators.identity.service import (
    Transaction,
    answer_error,
    client_address,
    identity,
    signed_in,
)
from devstack.emulators.identity.tables import refresh_sessions, user_sessions

# A constant of the platform, whatever lifetime its tokens have.
_LIFETIME = timedelta(days=1)
# The length of the platform's column.
_MAX_ADDRESS = 45

routes = Blueprint("sessions", __name__, url_prefix="/v1/auth/sessions")
routes.register_error_handler(Exception, answer_error)


async def open_session(transaction: Transaction, user_id: UUID, jti: str) -> None:
    """Insert both rows of a new session.

    Raises:
        ValueError: The caller's address does not fit its column.
    """
    address, expires_at = client_address(), transaction.now + _LIFETIME
    if address is not None and len(address) > _MAX_ADDRESS:
        # PostgreSQL refuses it by itself; SQLite has no lengths.
        raise ValueError(f"an address of more than {_MAX_ADDRESS} characters")
    session = {"jti": jti, "user_id": user_id, "created_at": transaction.now}
    kept = insert(refresh_sessions).values(**session, exp_ts=int(expires_at.timestamp()))
    shown = insert(user_sessions).values(
        **session,
        ip_address=address,
        user_agent=request.headers.get("User-Agent"),
        last_activity=transaction.now,
        expires_at=expires_at,
    )
    await transaction.execute(kept)
    await transaction.execute(shown)


async def may_refresh(transaction: Transaction, jti: str) -> bool:
    query = select(refresh_sessions.c.exp_ts).where(refresh_sessions.c.jti == jti)
    expires_at = (await transaction.execute(query)).scalar_one_or_none()
    return expires_at is not None and expires_at > transaction.now.timestamp()


async def end_refresh(transaction: Transaction, jti: str) -> None:
    ended = delete(refresh_sessions).where(refresh_sessions.c.jti == jti)
    await transaction.execute(ended)


@routes.get("")
async def list_sessions() -> Response:
    """An empty list: the platform fails on the first session, so there must be none."""
    user_id, _ = signed_in()
    async with identity().transaction() as transaction:
        if await _count_active(transaction, user_id):
            raise RuntimeError("sessions cannot be listed")
    return jsonify({"sessions": [], "total_count": 0})


@routes.get("/active")
async def count_sessions() -> Response:
    user_id, _ = signed_in()
    async with identity().transaction() as transaction:
        return jsonify({"active_sessions": await _count_active(transaction, user_id)})


@routes.delete("/<jti>")
async def revoke_session(jti: str) -> Response:
    """Hide a session; its refresh token stays valid."""
    user_id, _ = signed_in()
    ended = await _hide(user_id, user_sessions.c.jti == jti)
    message = "Session revoked" if ended else "No such session, or revoked before"
    return jsonify({"message": message, "sessions_affected": ended})


@routes.delete("")
async def revoke_sessions() -> Response:
    """Hide all sessions but the current one, which only a refresh token's jti names."""
    user_id, current = signed_in()
    body = await request.get_json() if request.is_json else {}
    keeps_current = current is not None and body.get("exclude_current", True)
    ended = await _hide(user_id, user_sessions.c.jti != current if keeps_current else true())
    return jsonify({"message": f"Sessions revoked: {ended}", "sessions_affected": ended})


async def _hide(user_id: UUID, condition: ColumnElement[bool]) -> int:
    """The number of the user's sessions that are hidden from now on."""
    is_shown = user_sessions.c.revoked_at.is_(None)
    hidden = update(user_sessions).where(user_sessions.c.user_id == user_id, is_shown, condition)
    async with identity().transaction() as transaction:
        return (await transaction.execute(hidden.values(revoked_at=transaction.now))).rowcount


async def _count_active(transaction: Transaction, user_id: UUID) -> int:
    query = select(func.count()).where(
        user_sessions.c.user_id == user_id,
        user_sessions.c.revoked_at.is_(None),
        user_sessions.c.expires_at > transaction.now,
    )
    count: int = (await transaction.execute(query)).scalar_one()
    return count
