"""Login, refresh, logout, introspection and revocation of tokens.

The emulator writes no audit rows and no login events: nothing can read them over HTTP. It keeps no
lockout columns: the platform never reads them back, so it locks no account.
"""

from typing import Any
from uuid import UUID

from quart import Blueprint, Response, jsonify
from sqlalchemy import Row
from werkzeug.exceptions import BadRequest

from devstack.emulators.identity.accounts import checked_address
from devstack.emulators.identity.login_limit import WINDOW_SECONDS
from devstack.emulators.identity.service import (
    answer_error,
    bearer_token,
    client_address,
    identity,
    json_texts,
    password_matches,
    refused,
)
from devstack.emulators.identity.sessions import end_refresh, may_refresh, open_session

# A constant of the answer, whatever the settings say.
_EXPIRES_IN = 3600

routes = Blueprint("sign_in", __name__, url_prefix="/v1/auth")
routes.register_error_handler(Exception, answer_error)


@routes.post("/login")
async def login() -> Response:
    given, password = await json_texts("email", "password")
    email = checked_address(given)
    await _check_limit(email)
    async with identity().transaction() as transaction:
        user = await transaction.user_by_email(email)
    if user is None or not await password_matches(user.password_hash, password):
        code, message = "IDENTITY_INVALID_CREDENTIALS", "Invalid email or password"
        raise refused("login", code, message, email=email, message=message)
    if not user.email_verified:
        hint = "Email verification required. Please verify your email before logging in."
        details, message = {"email": email, "message": hint}, f"Email not verified: {email}"
        raise refused("login", "IDENTITY_EMAIL_NOT_VERIFIED", message, **details)
    await _check_approval(user, "login", email=email)
    refresh_token, jti = identity().issuer.refresh_token(str(user.id))
    async with identity().transaction() as transaction:
        await open_session(transaction, user.id, jti)
    return jsonify({**_access(user), "refresh_token": refresh_token})


async def _check_limit(email: str) -> None:
    address, limit = client_address() or "unknown", identity().limit
    if await limit.exceeded(address) or await limit.exceeded(email):
        # The platform names the address also when the e-mail has reached its limit.
        rate = {"limit": limit.limit, "window_seconds": WINDOW_SECONDS, "rate_type": "ip_address"}
        raise refused("login", "RATE_LIMIT", "Too many sign-in attempts", **rate)
    await limit.add(address)
    await limit.add(email)


async def _check_approval(user: Row[Any], operation: str, **details: str) -> None:
    refusal = await identity().approval.refusal(user.id)
    if refusal is not None:
        answer = (refusal.code, refusal.message, refusal.status)
        raise refused(operation, *answer, **details, reason=refusal.reason)


def _access(user: Row[Any]) -> dict[str, object]:
    token = identity().issuer.access_token(str(user.id), user.org_id, user.roles or [])
    return {"access_token": token, "token_type": "Bearer", "expires_in": _EXPIRES_IN}


@routes.post("/refresh")
async def refresh() -> Response:
    """A new access token; the refresh token stays as it is.

    Only approval and session are checked again, not the e-mail.
    """
    operation = "refresh_token"
    (token,) = await json_texts("refresh_token")
    claims = identity().issuer.verify(token)
    jti, user_id = claims.get("jti"), claims.get("sub")
    if not isinstance(jti, str) or not isinstance(user_id, str):
        message = "Invalid or expired refresh token"
        raise refused(operation, "IDENTITY_TOKEN_INVALID", message, 401)
    async with identity().transaction() as transaction:
        active = await may_refresh(transaction, jti)
        user = await transaction.user(UUID(user_id))
    if user is not None:
        # Before the session: a denial ends sessions, too, and "revoked" is not the reason then.
        await _check_approval(user, operation)
    if not active:
        message = "Refresh token has been revoked"
        raise refused(operation, "IDENTITY_TOKEN_INVALID", message, 401)
    if user is None:
        code, message = "IDENTITY_USER_NOT_FOUND", f"No user {user_id}"
        raise refused(operation, code, message, 401, identifier=user_id)
    return jsonify(_access(user))


@routes.post("/logout")
async def logout() -> Response:
    """End a refresh token's session; any other token succeeds and ends nothing."""
    token = bearer_token()
    if not token:
        try:
            (token,) = await json_texts("refresh_token")
        except (BadRequest, KeyError, TypeError):
            # The body is optional.
            token = ""
    if not token:
        raise refused("logout", "IDENTITY_TOKEN_INVALID", "No token provided for logout")
    await _end_session(token)
    return jsonify({"message": "Logout successful"})


async def _end_session(token: str) -> None:
    jti = identity().issuer.verify(token).get("jti")
    if isinstance(jti, str):
        async with identity().transaction() as transaction:
            await end_refresh(transaction, jti)


@routes.post("/introspect")
async def introspect() -> Response:
    """The claims of a token; `org_id` and `iat` are null: no token has claims of these names."""
    (token,) = await json_texts("token")
    claims = identity().issuer.verify(token)
    jti = claims.get("jti")
    if isinstance(jti, str):
        async with identity().transaction() as transaction:
            claims = claims if await may_refresh(transaction, jti) else {}
    is_refresh = claims.get("typ") == "refresh"
    return jsonify(
        {
            "active": bool(claims),
            "roles": claims.get("roles", []),
            "token_type": "refresh_token" if is_refresh else "access_token",
            **{name: claims.get(name) for name in ("sub", "exp", "iat", "jti", "org_id")},
        }
    )


@routes.post("/revoke")
async def revoke() -> Response:
    """Revoke a refresh token; any other token is answered in the same way."""
    (token,) = await json_texts("token")
    await _end_session(token)
    return jsonify({"revoked": True})
