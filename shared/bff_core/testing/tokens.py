"""Access and refresh tokens as the Identity service signs them, and invalid ones."""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bff_core.testing.clock import FakeClock

SECRET = "only-for-tests-and-longer-than-32-characters"  # noqa: S105 - public by intent
AUDIENCE = "huleedu-platform"
ISSUER = "huleedu-identity-service"
LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RsaKeys:
    """A key pair in PEM."""

    private: str
    public: str

    @classmethod
    def generate(cls) -> "RsaKeys":
        """A new pair; it takes a few tenths of a second, so share one among tests."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return cls(private.decode(), public.decode())


def access_token(
    sub: object = "teacher-1",
    *,
    key: str = SECRET,
    algorithm: str = "HS256",
    now: datetime | None = None,
    without: Iterable[str] = (),
    headers: Mapping[str, Any] | None = None,
    **claims: object,
) -> str:
    """A valid access token, except for overridden `claims` and those left out by `without`.

    It expires an hour after `now`, by default the start of a FakeClock.
    """
    payload = _registered_claims(sub, now) | {"org": None, "roles": ["teacher"]} | claims
    for name in without:
        payload.pop(name, None)
    return _signed(payload, key, algorithm, headers)


def refresh_token(
    sub: object = "teacher-1",
    *,
    key: str = SECRET,
    algorithm: str = "HS256",
    now: datetime | None = None,
    **claims: object,
) -> str:
    """A refresh token, which authenticates no request."""
    ids = {"typ": "refresh", "jti": str(uuid.uuid4())}
    return _signed(_registered_claims(sub, now) | ids | claims, key, algorithm, None)


def _registered_claims(sub: object, now: datetime | None) -> dict[str, object]:
    expiry = (now or FakeClock().now()) + LIFETIME
    return {"sub": sub, "exp": int(expiry.timestamp()), "iss": ISSUER, "aud": AUDIENCE}


def _signed(
    claims: Mapping[str, object], key: str, algorithm: str, headers: Mapping[str, Any] | None
) -> str:
    # The JWS layer signs any payload; the JWT layer above it would refuse invalid claims.
    secret = key if algorithm != "none" else ""
    body = json.dumps(dict(claims), separators=(",", ":")).encode()
    return jwt.PyJWS().encode(body, secret, algorithm=algorithm, headers=dict(headers or {}))


def bearer(token: str) -> str:
    """The value of the Authorization header."""
    return f"Bearer {token}"
