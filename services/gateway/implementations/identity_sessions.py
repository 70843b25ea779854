"""Calls to Identity that a session of the cookie needs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import jwt
import msgspec

from bff_core.clock import Clock
from bff_core.context import CorrelationId, UserId
from bff_core.errors import BffError, DownstreamFailed
from services.gateway.implementations.forwarding import Forwarder, ForwardRequest
from services.gateway.implementations.identity_errors import IdentityRefused, identity_error
from services.gateway.implementations.session_cookie import AccessToken
from services.gateway.route_table import UpstreamName

REFRESH_SECONDS = 2.0
PROFILE_SECONDS = 0.8
T = TypeVar("T")

_MAX_BODY_BYTES = 64 * 1024
_FINAL_STATUSES = frozenset({400, 401, 403})
"""By which Identity refuses a refresh token for good."""


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
