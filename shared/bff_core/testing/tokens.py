"""Access and refresh tokens as the Identity service signs them, and any that it would not."""

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
        """A fresh pair; takes a few tenths of a second, so make one for many tests."""
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
    """A valid access token, but for the `claims` that are overridden and those left out.

    It expires an hour after `now`, which is the start of a FakeClock unless told.
    """
    said = _standing(sub, now) | {"org": None, "roles": ["teacher"]} | claims
    for name in without:
        said.pop(name, None)
    return _signed(said, key, algorithm, headers)


def refresh_token(
    sub: object = "teacher-1",
    *,
    key: str = SECRET,
    algorithm: str = "HS256",
    now: datetime | None = None,
    **claims: object,
) -> str:
    """A refresh token, which opens no route of ours."""
    said = _standing(sub, now) | {"typ": "refresh", "jti": str(uuid.uuid4())} | claims
    return _signed(said, key, algorithm, None)


def _standing(sub: object, now: datetime | None) -> dict[str, object]:
    expiry = (now or FakeClock().now()) + LIFETIME
    return {"sub": sub, "exp": int(expiry.timestamp()), "iss": ISSUER, "aud": AUDIENCE}


def _signed(
    claims: Mapping[str, object], key: str, algorithm: str, headers: Mapping[str, Any] | None
) -> str:
    # The JWS layer signs any payload; the JWT layer above it would refuse odd claims.
    secret = key if algorithm != "none" else ""
    body = json.dumps(dict(claims), separators=(",", ":")).encode()
    return jwt.PyJWS().encode(body, secret, algorithm=algorithm, headers=dict(headers or {}))


def bearer(token: str) -> str:
    """The Authorization header's value."""
    return f"Bearer {token}"
