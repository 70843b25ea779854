"""Settings of the Identity emulator, read from the platform's own variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from devstack.seed.store import sqlite_url

_DATABASE_URL = "IDENTITY_SERVICE_DATABASE_URL"
_SECRET = "IDENTITY_SERVICE_JWT_DEV_SECRET"
_KEY_PATH = "IDENTITY_SERVICE_JWT_RS256_PRIVATE_KEY_PATH"
_KEY_ID = "IDENTITY_SERVICE_JWT_RS256_PUBLIC_JWKS_KID"
_LIFETIME = "IDENTITY_SERVICE_JWT_ACCESS_TOKEN_EXPIRES_SECONDS"


@dataclass(frozen=True)
class IdentityEmulatorSettings:
    """Lifetimes are in seconds; a refresh token lives 24 times as long as an access token.

    Without `rs256_key` tokens are signed with HS256 and `dev_secret`, as the platform does in
    production, too.
    """

    database_url: str
    environment: str = "development"
    dev_secret: str = "dev-secret-change-me"
    rs256_key: Path | None = None
    rs256_kid: str = "identity-rs256-key"
    access_lifetime: int = 3600
    login_limit: int = 5
    redis_url: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "IdentityEmulatorSettings":
        """Read the platform's variables, and three of the devstack.

        Raises:
            ValueError: RS256 is on and no key is named, or a number is none.
        """
        key_path = env.get(_KEY_PATH)
        environment = env.get("ENVIRONMENT") or "development"
        forced = env.get("DEVSTACK_IDENTITY_RS256") == "1"
        if forced and not key_path:
            raise ValueError(f"DEVSTACK_IDENTITY_RS256=1 needs {_KEY_PATH}")
        # The platform signs RS256 in production only, and HS256 there without a key.
        is_rs256 = forced or environment == "production"
        data = Path(env.get("DEVSTACK_DATA_DIR") or ".devstack")
        return cls(
            database_url=env.get(_DATABASE_URL) or sqlite_url(data / "identity.db"),
            environment=environment,
            dev_secret=env.get(_SECRET) or cls.dev_secret,
            rs256_key=Path(key_path) if key_path and is_rs256 else None,
            rs256_kid=env.get(_KEY_ID) or cls.rs256_kid,
            access_lifetime=int(env.get(_LIFETIME) or "3600"),
            login_limit=int(env.get("DEVSTACK_IDENTITY_LOGIN_LIMIT") or "5"),
            redis_url=env.get("REDIS_URL") or None,
        )
