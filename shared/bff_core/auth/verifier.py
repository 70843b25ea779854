"""Verifies bearer tokens."""

import hashlib
import math
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import structlog
from cachetools import LRUCache
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from jwt.exceptions import InvalidSubjectError

from bff_core.auth.jwks import JwksKeys
from bff_core.clock import Clock
from bff_core.context import USER_ID, OrgId, Role, UserId
from bff_core.errors import NotAuthenticated
from bff_core.settings import ServiceSettings, SettingsError

MAX_TOKEN_LENGTH = 8192
LIFETIME_SETTING = "JWT_ACCESS_TOKEN_EXPIRES_SECONDS"
# Times are checked on the service's own clock, for cached tokens too. `iat` decides nothing: an
# issuer's clock that is a moment ahead must not refuse a user who has just signed in.
_LIBRARY_CHECKS: Any = {
    "require": ["exp", "sub", "aud", "iss"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
}
_ORG_CLAIMS = ("org", "org_id", "organization_id")
_TYPES = frozenset({"JWT", "AT+JWT", "APPLICATION/AT+JWT"})
"""Header `typ` of access tokens (RFC 9068), upper-case; it may be absent."""
_TYPE_CLAIMS = ("typ", "type", "token_type", "token_use")
_REASONS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.InvalidAudienceError, "invalid_audience"),
    (jwt.InvalidIssuerError, "invalid_issuer"),
    (jwt.InvalidSignatureError, "invalid_signature"),
    (jwt.InvalidAlgorithmError, "invalid_algorithm"),
    (jwt.InvalidKeyError, "invalid_algorithm"),
    (InvalidSubjectError, "invalid_subject"),
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claims:
    """Claims of a verified access token; times in epoch seconds.

    `issued_at` is derived from the expiry where the issuer does not say it, as Identity does not. It
    is the beginning of time for a token that outlives the configured lifetime: any mark refuses it.
    """

    user_id: UserId
    roles: frozenset[Role]
    org_id: OrgId | None
    expires_at: float
    issued_at: float


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """A verified token and its key: it is valid no longer than the key is current."""

    claims: Claims
    kid: str | None
    key: object


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Requirements on a token. The algorithm is pinned: the token's own header decides nothing."""

    algorithm: str
    audience: str
    issuer: str
    skew: float = 5.0
    """Seconds by which the issuer's clock may be ahead."""
    lifetime: float = 3600.0
    """Seconds between issue and expiry of an access token."""


class StaticKey:
    """One key, whatever key id a token names."""

    def __init__(self, key: str | RSAPublicKey) -> None:
        self._key = key

    def key_for(self, kid: str | None) -> str | RSAPublicKey:  # noqa: ARG002 - as of a key set
        return self._key

    def is_current(self, key: object) -> bool:
        return key is self._key

    async def ensure_key(self, kid: str | None) -> None: ...

    async def aclose(self) -> None: ...


def key_from(settings: ServiceSettings) -> StaticKey:
    """The configured key; with a key set by URL see `JwksKeys`.

    Raises:
        SettingsError: The public key cannot be read or is not an RSA key in PEM.
    """
    # Compose sets variables without a value to the empty string.
    if settings.jwt_secret_key:
        return StaticKey(settings.jwt_secret_key.get_secret_value())
    name = "JWT_PUBLIC_KEY" if settings.jwt_public_key else "JWT_PUBLIC_KEY_PATH"
    try:
        pem = settings.jwt_public_key or Path(settings.jwt_public_key_path or "").read_text("ascii")
        key = load_pem_public_key(pem.encode())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name} cannot be read as a public key in PEM") from error
    if not isinstance(key, RSAPublicKey):
        raise SettingsError(f"{name} is not an RSA key")
    return StaticKey(key)


KeySource = StaticKey | JwksKeys


class TokenVerifier:
    """Verifies a token once and caches the result by hash until it expires."""

    def __init__(
        self, keys: KeySource, rules: TokenRules, clock: Clock, *, cache_size: int = 10_000
    ) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._verified: LRUCache[bytes, VerifiedToken] = LRUCache(cache_size)
        self._warned_of_lifetime = False

    async def aclose(self) -> None:
        """Close the key source."""
        await self._keys.aclose()

    async def authenticate(self, authorization: str | None) -> Claims:
        """The claims of a bearer token; fetches the key that it names where needed.

        Raises:
            NotAuthenticated: There is no token, or it is not valid; `reason` says why.
            Unavailable: The keys cannot be fetched at the moment.
        """
        token = _bearer(authorization)
        digest = hashlib.sha256(token.encode()).digest()
        verified = self._verified.get(digest)
        kid = _kid(token) if verified is None else verified.kid
        await self._keys.ensure_key(kid)
        if verified is None or not self._keys.is_current(verified.key):
            self._verified.pop(digest, None)
            verified = self._decode(token, kid)
        if verified.claims.expires_at <= self._clock.now().timestamp():
            self._verified.pop(digest, None)
            raise NotAuthenticated("token_expired")
        self._verified[digest] = verified
        return verified.claims

    def _decode(self, token: str, kid: str | None) -> VerifiedToken:
        key = self._keys.key_for(kid)
        try:
            payload = jwt.decode(
                token,
                key,
                algorithms=[self._rules.algorithm],
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                options=_LIBRARY_CHECKS,
            )
        except jwt.MissingRequiredClaimError as error:
            raise NotAuthenticated(f"missing_{error.claim}") from error
        except jwt.PyJWTError as error:
            reasons = (reason for kind, reason in _REASONS if isinstance(error, kind))
            raise NotAuthenticated(next(reasons, "invalid_token")) from error
        except (ValueError, RecursionError) as error:
            # Odd bytes make the library's parser fail before it can raise InvalidTokenError.
            raise NotAuthenticated("invalid_token") from error
        start, latest = payload.get("nbf"), self._clock.now().timestamp() + self._rules.skew
        if start is not None and _moment(start, "nbf") > latest:
            raise NotAuthenticated("token_not_yet_valid")
        return VerifiedToken(_claims(payload, self._issued_at(payload)), kid, key)

    def _issued_at(self, payload: dict[str, Any]) -> float:
        if payload.get("iat") is not None:
            return _moment(payload["iat"], "iat")
        rules, expires_at = self._rules, _moment(payload["exp"], "exp")
        left = expires_at - self._clock.now().timestamp()
        if left <= rules.lifetime + rules.skew:
            return expires_at - rules.lifetime
        if not self._warned_of_lifetime:
            self._warned_of_lifetime = True
            log.warning(
                "token_outlives_setting", seconds_left=round(left), setting=LIFETIME_SETTING
            )
        return float("-inf")


def _bearer(authorization: str | None) -> str:
    if not authorization:
        raise NotAuthenticated("missing_authorization_header")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token or token != token.strip() or not token.isascii():
        raise NotAuthenticated("invalid_authorization_format")
    if len(token) > MAX_TOKEN_LENGTH:
        raise NotAuthenticated("token_too_long")
    return token


def _kid(token: str) -> str | None:
    """The key that an unverified header names."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise NotAuthenticated("invalid_token") from error
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() not in _TYPES:
        raise NotAuthenticated("not_an_access_token")
    kid = header.get("kid")
    return kid if isinstance(kid, str) else None


def _claims(payload: dict[str, Any], issued_at: float) -> Claims:
    for claim in _TYPE_CLAIMS:
        kind = payload.get(claim, "access")
        if kind != "access":
            raise NotAuthenticated("refresh_token" if kind == "refresh" else "not_an_access_token")
    subject = payload["sub"]
    if not isinstance(subject, str) or not USER_ID.fullmatch(subject):
        raise NotAuthenticated("invalid_subject")
    roles = payload.get("roles")
    if roles is None:
        roles = []
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise NotAuthenticated("invalid_roles")
    orgs = (payload.get(claim) for claim in _ORG_CLAIMS)
    return Claims(
        user_id=UserId(subject),
        roles=frozenset(Role(role) for role in roles),
        org_id=next((OrgId(org) for org in orgs if isinstance(org, str) and org.strip()), None),
        expires_at=_moment(payload["exp"], "exp"),
        issued_at=issued_at,
    )


def _moment(value: object, claim: str) -> float:
    """Epoch seconds; JSON knows numbers that are not finite or too big to be a float."""
    with suppress(OverflowError):
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    raise NotAuthenticated(f"invalid_{claim}")
