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
from devstack.emulators.identity.errors import IdentityError, answer_error
from devstack.emulators.identity.login_limit import WINDOW_SECONDS
from devstack.emulators.identity.service import (
    bearer_token,
    client_address,
    identity,
    json_texts,
    password_matches,
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
        message = "Invalid email or password"
        details = {"email": email, "message": message}
        raise IdentityError("IDENTITY_INVALID_CREDENTIALS", message, "login", details)
    if not user.email_verified:
        hint = "Email verification required. Please verify your email before logging in."
        details, message = {"email": email, "message": hint}, f"Email not verified: {email}"
        raise IdentityError("IDENTITY_EMAIL_NOT_VERIFIED", message, "login", details)
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
        raise IdentityError("RATE_LIMIT", "Too many sign-in attempts", "login", rate)
    await limit.add(address)
    await limit.add(email)


async def _check_approval(user: Row[Any], operation: str, **details: str) -> None:
    refusal = await identity().approval.refusal(user.id)
    if refusal is not None:
        details["reason"] = refusal.reason
        code, message, status = refusal.code, refusal.message, refusal.status
        raise IdentityError(code, message, operation, details, status=status)


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
        raise IdentityError("IDENTITY_TOKEN_INVALID", message, operation, status=401)
    async with identity().transaction() as transaction:
        active = await may_refresh(transaction, jti)
        user = await transaction.user(UUID(user_id))
    if user is not None:
        # Before the session: a denial ends sessions, too, and "revoked" is not the reason then.
        await _check_approval(user, operation)
    if not active:
        message = "Refresh token has been revoked"
        raise IdentityError("IDENTITY_TOKEN_INVALID", message, operation, status=401)
    if user is None:
        message, details = f"No user {user_id}", {"identifier": user_id}
        raise IdentityError("IDENTITY_USER_NOT_FOUND", message, operation, details, status=401)
    return jsonify(_access(user))


@routes.post("/logout")
async def logout() -> Response:
    """End a refresh token's session; any other token succeeds and ends nothing."""
    token = bearer_token() or await _token_of_body()
    if not token:
        message = "No token provided for logout"
        raise IdentityError("IDENTITY_TOKEN_INVALID", message, "logout")
    await _end_session(token)
    return jsonify({"message": "Logout successful"})


async def _token_of_body() -> str | None:
    """The token of an optional body; None for anything but an object with a text in it."""
    try:
        return (await json_texts("refresh_token"))[0]
    except (BadRequest, KeyError, TypeError):
        return None


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
