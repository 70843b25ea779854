"""The gateway's settings, its callers, and its errors."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import jwt
from quart import Response, current_app, jsonify, request

from devstack.emulators.responses import request_correlation_id
from devstack.seed.store import database_path
from devstack.tokens import AUDIENCE, ISSUER

SETTINGS = "gateway_settings"


@dataclass(frozen=True, kw_only=True)
class GatewaySettings:
    database: Path
    jwt_secret: str = field(repr=False)
    jwt_algorithm: str = "HS256"

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "GatewaySettings":
        return cls(
            database=database_path(),
            jwt_secret=environ.get("JWT_SECRET_KEY", ""),
            jwt_algorithm=environ.get("JWT_ALGORITHM", "HS256"),
        )


@dataclass(frozen=True, slots=True)
class Caller:
    user_id: str
    org_id: str | None


def caller() -> Caller | None:
    """The user of the bearer token; None without a valid one."""
    settings: GatewaySettings = current_app.extensions[SETTINGS]
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer":
        return None
    try:
        claims = jwt.decode(
            token,
            settings.jwt_secret,
            algorithms=[settings.jwt_algorithm],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={"require": ["sub", "exp"]},
        )
    except jwt.PyJWTError:
        return None
    return Caller(claims["sub"], claims.get("org"))


def unauthenticated() -> tuple[Response, int]:
    return envelope("AUTHENTICATION_ERROR", "Could not validate credentials", 401)


def envelope(
    code: str, message: str, status: int, details: Mapping[str, object] | None = None
) -> tuple[Response, int]:
    error = {
        "code": code,
        "message": message,
        "correlation_id": request_correlation_id(),
        "service": "api-gateway-service",
        "timestamp": datetime.now(UTC).isoformat(),
        "details": dict(details or {}),
    }
    return jsonify({"error": error}), status
