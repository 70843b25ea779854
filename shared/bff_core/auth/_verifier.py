"""From an Authorization header to verified claims."""

import hashlib
import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import jwt
from jwt.exceptions import InvalidSubjectError

from bff_core.clock import Clock
from bff_core.context import OrgId, Role, UserId, is_user_id
from bff_core.errors import NotAuthenticated
from bff_core.protocols import KeySource

LONGEST_TOKEN = 8192
_ORG_CLAIMS = ("org", "org_id", "organization_id")
_REASONS: tuple[tuple[type[jwt.PyJWTError], str], ...] = (
    (jwt.InvalidAudienceError, "invalid_audience"),
    (jwt.InvalidIssuerError, "invalid_issuer"),
    (jwt.InvalidSignatureError, "invalid_signature"),
    (jwt.InvalidAlgorithmError, "invalid_algorithm"),
    (jwt.InvalidKeyError, "invalid_algorithm"),
    (jwt.ImmatureSignatureError, "token_not_yet_valid"),
    (InvalidSubjectError, "invalid_subject"),
)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified access token says; `expires_at` in epoch seconds."""

    user_id: UserId
    roles: frozenset[Role]
    org_id: OrgId | None
    expires_at: float


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must be. The algorithm is pinned: the token's own header decides nothing."""

    algorithm: str
    audience: str
    issuer: str


class TokenVerifier:
    """Verifies once and remembers by hash until the token expires; at most `remembers` tokens."""

    def __init__(
        self, keys: KeySource, rules: TokenRules, clock: Clock, *, remembers: int = 10_000
    ) -> None:
        self._keys = keys
        self._rules = rules
        self._clock = clock
        self._remembers = remembers
        self._known: OrderedDict[bytes, Claims] = OrderedDict()

    def verify(self, authorization: str | None) -> Claims:
        """The claims of a bearer token.

        Raises:
            NotAuthenticated: There is no token, or it is not one of ours; `reason` says which.
        """
        token = _bearer(authorization)
        digest = hashlib.sha256(token.encode()).digest()
        claims = self._known.get(digest)
        if claims is None:
            claims = self._decode(token)
        if claims.expires_at <= self._clock.now().timestamp():
            self._known.pop(digest, None)
            raise NotAuthenticated("token_expired")
        self._remember(digest, claims)
        return claims

    def _remember(self, digest: bytes, claims: Claims) -> None:
        self._known[digest] = claims
        self._known.move_to_end(digest)
        if len(self._known) > self._remembers:
            self._known.popitem(last=False)

    def _decode(self, token: str) -> Claims:
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            payload = jwt.decode(
                token,
                self._keys.key_for(kid if isinstance(kid, str) else None),  # type: ignore[arg-type]  # the port hides the key's type
                algorithms=[self._rules.algorithm],
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                # Expiry is checked on our own clock, for remembered tokens too.
                options={"require": ["exp", "sub", "aud", "iss"], "verify_exp": False},
            )
        except jwt.PyJWTError as error:
            raise NotAuthenticated(_reason(error)) from error
        except (ValueError, RecursionError) as error:
            # Odd bytes make the library's own parsing trip before it can say InvalidToken.
            raise NotAuthenticated("invalid_token") from error
        return _claims(payload)


def _bearer(authorization: str | None) -> str:
    if not authorization:
        raise NotAuthenticated("missing_authorization_header")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token or token != token.strip() or not token.isascii():
        raise NotAuthenticated("invalid_authorization_format")
    if len(token) > LONGEST_TOKEN:
        raise NotAuthenticated("token_too_long")
    return token


def _reason(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"missing_{error.claim}"
    return next((reason for kind, reason in _REASONS if isinstance(error, kind)), "invalid_token")


def _claims(payload: dict[str, Any]) -> Claims:
    if payload.get("typ") == "refresh":
        raise NotAuthenticated("refresh_token")
    subject = payload["sub"]
    if not isinstance(subject, str) or not is_user_id(subject):
        raise NotAuthenticated("invalid_subject")
    return Claims(
        user_id=UserId(subject),
        roles=_roles(payload.get("roles")),
        org_id=_org(payload),
        expires_at=_expiry(payload["exp"]),
    )


def _expiry(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise NotAuthenticated("invalid_exp")
    return float(value)


def _roles(value: object) -> frozenset[Role]:
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not all(isinstance(role, str) for role in value):
        raise NotAuthenticated("invalid_roles")
    return frozenset(Role(role) for role in value)


def _org(payload: dict[str, Any]) -> OrgId | None:
    named = (payload.get(claim) for claim in _ORG_CLAIMS)
    return next((OrgId(org) for org in named if isinstance(org, str) and org.strip()), None)
