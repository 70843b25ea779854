"""Calls to Identity that a session of the cookie needs, and Identity's errors, translated."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import jwt
import msgspec

from bff_core.clock import Clock
from bff_core.context import CorrelationId, UserId
from bff_core.errors import BffError, ClientError, DownstreamFailed
from services.gateway.implementations.forwarding import Forwarder, ForwardRequest
from services.gateway.implementations.session_cookie import AccessToken
from services.gateway.route_table import UpstreamName

_STATUS_AND_MESSAGE: Mapping[str, tuple[int, str]] = {
    "IDENTITY_INVALID_CREDENTIALS": (401, "The e-mail address or the password is wrong"),
    "IDENTITY_TOKEN_EXPIRED": (401, "The token has expired"),
    "IDENTITY_TOKEN_INVALID": (401, "The token is not valid"),
    "IDENTITY_REFRESH_TOKEN_EXPIRED": (401, "The refresh token has expired"),
    "IDENTITY_REFRESH_TOKEN_INVALID": (401, "The refresh token is not valid"),
    "IDENTITY_EMAIL_NOT_VERIFIED": (403, "The e-mail address is not verified yet"),
    "IDENTITY_ACCOUNT_LOCKED": (403, "The account is locked for a while"),
    "IDENTITY_APPROVAL_PENDING": (403, "The account waits for an admin's approval"),
    "IDENTITY_ACCESS_DENIED": (403, "The account was denied"),
    "IDENTITY_USER_ALREADY_EXISTS": (409, "An account with this e-mail address exists"),
    "IDENTITY_EMAIL_ALREADY_VERIFIED": (409, "The e-mail address is verified already"),
    "IDENTITY_VERIFICATION_TOKEN_EXPIRED": (400, "The verification token has expired"),
    "IDENTITY_VERIFICATION_TOKEN_INVALID": (400, "The verification token is not valid"),
    "IDENTITY_RESET_TOKEN_EXPIRED": (400, "The reset token has expired"),
    "IDENTITY_RESET_TOKEN_INVALID": (400, "The reset token is not valid"),
    "IDENTITY_PASSWORD_RESET_NOT_REQUESTED": (400, "No password reset was asked for"),
    "VALIDATION_ERROR": (400, "The request is not valid"),
    "AUTHENTICATION_ERROR": (401, "A valid token is required"),
    "AUTHORIZATION_ERROR": (403, "You may not do this"),
    "RESOURCE_NOT_FOUND": (404, "There is nothing here"),
    "RATE_LIMIT": (429, "Too many attempts; wait a while"),
}
_CODE_BY_STATUS: Mapping[int, str] = {
    401: "AUTHENTICATION_ERROR",
    403: "AUTHORIZATION_ERROR",
    404: "RESOURCE_NOT_FOUND",
    429: "RATE_LIMIT",
}
_RETRY_AFTER = 60.0
"""Seconds; Identity counts attempts per minute and sends no `Retry-After`."""

REFRESH_SECONDS = 2.0
PROFILE_SECONDS = 0.8
T = TypeVar("T")

_MAX_BODY_BYTES = 64 * 1024
_FINAL_STATUSES = frozenset({400, 401, 403})
"""By which Identity refuses a refresh token for good."""


class IdentityRefused(ClientError):
    """An error of Identity, under its own code and a status that fits it."""


IDENTITY_ERRORS: Mapping[str, type[IdentityRefused]] = {
    code: type(
        "IdentityRefused", (IdentityRefused,), {"code": code, "status": status, "message": message}
    )
    for code, (status, message) in _STATUS_AND_MESSAGE.items()
}


def identity_error(status: int, body: bytes) -> BffError:
    """The error to answer with when Identity answered with this one."""
    if status >= 500:
        return DownstreamFailed(UpstreamName.IDENTITY, reason="status", upstream_status=status)
    error = _error_in(body) or {}
    code = error.get("error_code", error.get("code"))
    if not isinstance(code, str) or code not in IDENTITY_ERRORS:
        code = _CODE_BY_STATUS.get(status, "VALIDATION_ERROR")
    retry_after = _RETRY_AFTER if code == "RATE_LIMIT" else None
    return IDENTITY_ERRORS[code](fields={"upstream_status": status}, retry_after=retry_after)


def is_envelope(body: bytes) -> bool:
    """Tells whether an error body has exactly the fields of the error envelope."""
    error = _error_in(body)
    return error is not None and error.keys() == {
        "code",
        "message",
        "correlation_id",
        "service",
        "timestamp",
        "details",
    }


def _error_in(body: bytes) -> dict[str, object] | None:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return None
    error = parsed.get("error") if isinstance(parsed, dict) else None
    return error if isinstance(error, dict) else None


@dataclass(frozen=True, slots=True)
class Sender:
    """The one for whom a call is made."""

    client_address: str
    correlation_id: CorrelationId


class _Tokens(msgspec.Struct):
    access_token: str
    refresh_token: str = ""


class _PersonName(msgspec.Struct):
    first_name: str | None = None
    last_name: str | None = None


class _Profile(msgspec.Struct):
    person_name: _PersonName
    display_name: str | None = None


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Tokens of a sign-in; `ends_at` is the refresh token's expiry in epoch seconds, where it says so."""

    refresh_token: str
    access: AccessToken
    ends_at: float


class IdentitySessions:
    """`renew_early` is in seconds: an access token is renewed so long before it expires."""

    def __init__(self, identity: Forwarder, clock: Clock, *, renew_early: float) -> None:
        self._identity = identity
        self._clock = clock
        self._renew_early = renew_early

    async def sign_in(
        self, email: str, password: str, sender: Sender, *, seconds: float
    ) -> SignedIn:
        """The tokens of a new session.

        Raises:
            IdentityRefused: The credentials are wrong, or the account may not sign in.
            DownstreamError: There is no answer, or it holds no tokens.
        """
        given = {"email": email, "password": password}
        body = await self._post("login", given, sender, seconds)
        tokens = _decode(_Tokens, body)
        if not tokens.refresh_token:
            raise _unusable("tokens")
        ends_at = _expiry_of(tokens.refresh_token)
        access = self._access(tokens.access_token)
        return SignedIn(tokens.refresh_token, access, math.inf if ends_at is None else ends_at)

    async def refresh(self, refresh_token: str, sender: Sender) -> AccessToken:
        """A new access token; raises as `sign_in` does."""
        given = {"refresh_token": refresh_token}
        body = await self._post("refresh", given, sender, REFRESH_SECONDS)
        return self._access(_decode(_Tokens, body).access_token)

    async def sign_out(self, refresh_token: str, sender: Sender) -> None:
        """End the session at Identity; raises as `sign_in` does."""
        given = {"refresh_token": refresh_token}
        await self._post("logout", given, sender, REFRESH_SECONDS)

    async def name_of(self, user_id: UserId, sender: Sender) -> str | None:
        """The user's name; None where Identity does not give one in time."""
        path = f"/v1/users/{user_id}/profile"
        request = ForwardRequest(
            "profile", "GET", path, "", _headers(sender), None, PROFILE_SECONDS
        )
        try:
            profile = _decode(_Profile, await self._send(request))
        except BffError:
            # Logged where it was translated; a session without a name is complete.
            return None
        person = profile.person_name
        names = f"{person.first_name or ''} {person.last_name or ''}".strip()
        return profile.display_name or names or None

    def _access(self, token: str) -> AccessToken:
        expires_at = _expiry_of(token)
        if expires_at is None:
            raise _unusable("tokens")
        now = self._clock.now().timestamp()
        # A token with a short lifetime is used for half of it.
        renew_at = max(expires_at - self._renew_early, now + (expires_at - now) / 2)
        return AccessToken(token, expires_at, renew_at)

    async def _post(
        self, operation: str, given: Mapping[str, str], sender: Sender, seconds: float
    ) -> bytes:
        path = f"/v1/auth/{operation}"
        body = msgspec.json.encode(given)
        headers = [*_headers(sender), ("Content-Type", "application/json")]
        return await self._send(ForwardRequest(operation, "POST", path, "", headers, body, seconds))

    async def _send(self, request: ForwardRequest) -> bytes:
        response = await self._identity.send(request)
        try:
            body = await response.read(limit=_MAX_BODY_BYTES, seconds=request.timeout)
        finally:
            response.close()
        if response.status >= 400:
            raise identity_error(response.status, body)
        if response.status >= 300 or not response.is_json:
            raise _unusable("status")
        return body


def _headers(sender: Sender) -> list[tuple[str, str]]:
    return [
        ("X-Correlation-ID", sender.correlation_id),
        ("X-Forwarded-For", sender.client_address),
    ]


def is_final(error: BffError) -> bool:
    """Tells whether Identity refuses a refresh token for good, or may answer later."""
    return isinstance(error, IdentityRefused) and error.status in _FINAL_STATUSES


def _decode(kind: type[T], body: bytes) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise _unusable("body") from error


def _expiry_of(token: str) -> float | None:
    """`exp` of a token in epoch seconds, before it is verified; None for a token of another kind."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    expiry = claims.get("exp")
    if isinstance(expiry, bool) or not isinstance(expiry, int | float):
        return None
    return float(expiry) if math.isfinite(expiry) else None


def _unusable(reason: str) -> DownstreamFailed:
    return DownstreamFailed(UpstreamName.IDENTITY, reason=reason)
