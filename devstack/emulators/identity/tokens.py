"""The two token issuers of the Identity service, differences included."""

import json
from collections.abc import Mapping
from typing import Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from jwt.algorithms import RSAAlgorithm

from bff_core.clock import Clock
from devstack import tokens
from devstack.emulators.identity.settings import IdentitySettings
from devstack.emulators.identity.users import User

REFRESH_FACTOR = 24


class Issuer(Protocol):
    def access_token(self, user: User) -> str: ...

    def refresh_token(self, user_id: str) -> tuple[str, str]:
        """A refresh token and its jti."""
        ...

    def verified(self, token: str) -> Mapping[str, object]:
        """The claims; empty when the token is not ours."""
        ...

    def published_keys(self) -> list[Mapping[str, object]]: ...


class SessionNumbers:
    """`r-<epoch ms>`; where the platform would give out a number twice, the next one is taken."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        self._last = max(self._last + 1, int(self._clock.now().timestamp() * 1000))
        return f"r-{self._last}"


class HsIssuer:
    """HS256. It accepts tokens that have expired, as the platform's does."""

    def __init__(self, secret: str, lifetime: int, clock: Clock) -> None:
        self._secret = secret
        self._signer = tokens.Hs256(secret)
        self._lifetime = lifetime
        self._clock = clock
        self._numbers = SessionNumbers(clock)

    def access_token(self, user: User) -> str:
        expires_at = _in(self._clock, self._lifetime)
        claims = tokens.access_claims(str(user.id), user.org_id, user.roles, expires_at)
        return self._signer.sign(claims)

    def refresh_token(self, user_id: str) -> tuple[str, str]:
        jti = self._numbers.next()
        expires_at = _in(self._clock, self._lifetime * REFRESH_FACTOR)
        return self._signer.sign(tokens.refresh_claims(user_id, jti, expires_at)), jti

    def verified(self, token: str) -> Mapping[str, object]:
        try:
            return jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=tokens.AUDIENCE,
                issuer=tokens.ISSUER,
                options={"verify_exp": False},
            )
        except jwt.InvalidTokenError:
            return {}

    def published_keys(self) -> list[Mapping[str, object]]:
        return []


class RsIssuer:
    """RS256. It checks expiry, not the audience, and leaves it out of refresh tokens."""

    def __init__(self, key: RSAPrivateKey, kid: str, lifetime: int, clock: Clock) -> None:
        self._public = key.public_key()
        self._kid = kid
        self._signer = tokens.Rs256(key, kid)
        self._lifetime = lifetime
        self._clock = clock
        self._numbers = SessionNumbers(clock)

    def access_token(self, user: User) -> str:
        expires_at = _in(self._clock, self._lifetime)
        claims = tokens.access_claims(str(user.id), user.org_id, user.roles, expires_at)
        return self._signer.sign(claims)

    def refresh_token(self, user_id: str) -> tuple[str, str]:
        jti = self._numbers.next()
        expires_at = _in(self._clock, self._lifetime * REFRESH_FACTOR)
        claims = tokens.refresh_claims(user_id, jti, expires_at, audience=False)
        return self._signer.sign(claims), jti

    def verified(self, token: str) -> Mapping[str, object]:
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=["RS256"],
                issuer=tokens.ISSUER,
                options={"verify_aud": False, "verify_exp": False},
            )
        except jwt.InvalidTokenError:
            return {}
        # PyJWT reads the wall clock itself; ours can be told what time it is.
        expires_at = claims.get("exp")
        alive = isinstance(expires_at, int) and expires_at > self._clock.now().timestamp()
        return claims if alive else {}

    def published_keys(self) -> list[Mapping[str, object]]:
        numbers = json.loads(RSAAlgorithm.to_jwk(self._public))
        public = {name: numbers[name] for name in ("kty", "n", "e")}
        return [{"kid": self._kid, **public, "alg": "RS256", "use": "sig"}]


def issuer_for(settings: IdentitySettings, clock: Clock) -> Issuer:
    if settings.rs256_key is None:
        return HsIssuer(settings.dev_secret, settings.access_lifetime, clock)
    key = tokens.read_private_key(settings.rs256_key)
    return RsIssuer(key, settings.rs256_kid, settings.access_lifetime, clock)


def _in(clock: Clock, seconds: int) -> int:
    return int(clock.now().timestamp()) + seconds
