"""Tokens of the Identity service, with the differences between its two algorithms."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import jwt
from jwt.algorithms import RSAAlgorithm

from devstack import tokens
from devstack.emulators.identity.settings import IdentityEmulatorSettings

REFRESH_FACTOR = 24


class TokenIssuer:
    """Signs with RS256 if the settings name a key, else with HS256.

    HS256 checks the audience and accepts expired tokens; RS256 checks expiry and not the audience,
    which its refresh tokens lack.
    """

    def __init__(self, settings: IdentityEmulatorSettings, now: Callable[[], datetime]) -> None:
        self._secret = settings.dev_secret
        self._kid = settings.rs256_kid
        self._lifetime = settings.access_lifetime
        self._now = now
        self._last_number = 0
        self._used = False
        key = tokens.read_private_key(settings.rs256_key) if settings.rs256_key else None
        self._public_key = key.public_key() if key else None
        self._signer: tokens.Signer = (
            tokens.Rs256(key, self._kid) if key else tokens.Hs256(self._secret)
        )

    def access_token(self, user_id: str, org_id: str | None, roles: Sequence[str]) -> str:
        self._used = True
        expires_at = int(self._now().timestamp()) + self._lifetime
        return self._signer.sign(tokens.access_claims(user_id, org_id, roles, expires_at))

    def refresh_token(self, user_id: str) -> tuple[str, str]:
        """A refresh token and its jti: `r-<epoch ms>`, or the next number if that one is taken."""
        now = self._now().timestamp()
        self._last_number = max(self._last_number + 1, int(now * 1000))
        jti, expires_at = f"r-{self._last_number}", int(now) + self._lifetime * REFRESH_FACTOR
        audience = self._public_key is None
        claims = tokens.refresh_claims(user_id, jti, expires_at, audience=audience)
        return self._signer.sign(claims), jti

    def verify(self, token: str) -> Mapping[str, object]:
        """The claims; empty for a token that is not good."""
        is_rs256 = self._public_key is not None
        try:
            claims = jwt.decode(
                token,
                self._public_key or self._secret,
                algorithms=["RS256" if is_rs256 else "HS256"],
                audience=None if is_rs256 else tokens.AUDIENCE,
                issuer=tokens.ISSUER,
                options={"verify_aud": not is_rs256, "verify_exp": False},
            )
        except jwt.InvalidTokenError:
            return {}
        # PyJWT would read the wall clock instead of ours.
        expires_at = claims.get("exp")
        alive = isinstance(expires_at, int) and expires_at > self._now().timestamp()
        return claims if alive or not is_rs256 else {}

    def published_keys(self) -> list[Mapping[str, object]]:
        """Empty until the first sign-in of the process: the platform makes its issuer then."""
        if self._public_key is None or not self._used:
            return []
        jwk = json.loads(RSAAlgorithm.to_jwk(self._public_key))
        numbers = {name: jwk[name] for name in ("kty", "n", "e")}
        return [{"kid": self._kid, **numbers, "alg": "RS256", "use": "sig"}]
