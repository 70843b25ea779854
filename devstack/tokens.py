"""Access tokens as the Identity service signs them, for its emulator and for tests."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ISSUER = "huleedu-identity-service"
AUDIENCE = "huleedu-platform"
ACCESS_LIFETIME = 3600
RS256_KID = "identity-rs256-key"


class TokenBearer(Protocol):
    """The part of a person that goes into a token."""

    @property
    def user_id(self) -> str: ...
    @property
    def org_id(self) -> str | None: ...
    @property
    def roles(self) -> Sequence[str]: ...


class Signer(Protocol):
    def sign(self, claims: Mapping[str, object]) -> str: ...


class Hs256:
    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, claims: Mapping[str, object]) -> str:
        return jwt.encode(dict(claims), self._secret, algorithm="HS256")


class Rs256:
    def __init__(self, key: RSAPrivateKey, kid: str = RS256_KID) -> None:
        self._key = key
        self._kid = kid

    def sign(self, claims: Mapping[str, object]) -> str:
        return jwt.encode(dict(claims), self._key, algorithm="RS256", headers={"kid": self._kid})


def read_private_key(path: Path) -> RSAPrivateKey:
    """The RSA key in a PEM file.

    Raises:
        ValueError: The file holds no unencrypted RSA private key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path.name} holds no unencrypted PEM private key") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError(f"{path.name} holds a key that is not RSA")  # noqa: TRY004 - a bad value
    return key


def access_claims(
    user_id: str, org_id: str | None, roles: Iterable[str], expires_at: int
) -> dict[str, object]:
    """The six claims of an access token; `expires_at` is in epoch seconds."""
    return {
        "sub": user_id,
        "org": org_id,
        "roles": list(roles),
        "exp": expires_at,
        "iss": ISSUER,
        "aud": AUDIENCE,
    }


def refresh_claims(
    user_id: str, jti: str, expires_at: int, *, audience: bool = True
) -> dict[str, object]:
    """The claims of a refresh token; RS256 ones come without an audience."""
    claims: dict[str, object] = {
        "sub": user_id,
        "typ": "refresh",
        "jti": jti,
        "exp": expires_at,
        "iss": ISSUER,
    }
    return {**claims, "aud": AUDIENCE} if audience else claims


def mint(
    person: TokenBearer,
    signer: Signer,
    *,
    now: datetime,
    lifetime: float = ACCESS_LIFETIME,
    claims: Mapping[str, object] | None = None,
    without: Collection[str] = (),
) -> str:
    """An access token for this person, by default exactly Identity's.

    `lifetime` is in seconds and may be negative; `claims` replace or add, `without` takes away:
    `mint(anna, key, now=now, claims={"aud": "elsewhere"}, without={"org"})`.
    """
    expires_at = int(now.timestamp() + lifetime)
    standard = access_claims(person.user_id, person.org_id, person.roles, expires_at)
    every = {**standard, **(claims or {})}
    return signer.sign({name: value for name, value in every.items() if name not in without})


def verified_subject(
    token: str, secret: str, algorithm: str, audience: str = AUDIENCE, issuer: str = ISSUER
) -> str | None:
    """The token's user, as the platform's services read it; None for a bad token.

    An empty secret refuses every token.
    """
    if not secret:
        return None
    try:
        claims = jwt.decode(
            token,
            secret,
            algorithms=[algorithm],
            audience=audience,
            issuer=issuer,
            options={"require": ["sub", "exp"]},
        )
    except jwt.PyJWTError:
        return None
    return str(claims["sub"]) or None
