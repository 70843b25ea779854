"""Settings of the Identity emulator, read from the platform's own variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from devstack.emulators.server import SettingsFromEnv, variable
from devstack.seed.store import sqlite_url

_KEY_PATH = "IDENTITY_SERVICE_JWT_RS256_PRIVATE_KEY_PATH"


@dataclass(frozen=True, kw_only=True)
class IdentityEmulatorSettings(SettingsFromEnv):
    """Lifetimes are in seconds; a refresh token lives 24 times as long as an access token.

    Without `rs256_key` tokens are signed with HS256 and `dev_secret`, as the platform does in
    production, too.
    """

    database_url: str = variable("IDENTITY_SERVICE_DATABASE_URL", "")
    environment: str = variable("ENVIRONMENT", "development")
    dev_secret: str = variable("IDENTITY_SERVICE_JWT_DEV_SECRET", "dev-secret-change-me")
    rs256_key: Path | None = variable(_KEY_PATH, None, Path)  # noqa: RUF009 - a field
    rs256_kid: str = variable("IDENTITY_SERVICE_JWT_RS256_PUBLIC_JWKS_KID", "identity-rs256-key")
    access_lifetime: int = variable("IDENTITY_SERVICE_JWT_ACCESS_TOKEN_EXPIRES_SECONDS", 3600, int)
    login_limit: int = variable("DEVSTACK_IDENTITY_LOGIN_LIMIT", 5, int)
    redis_url: str | None = variable("REDIS_URL", None)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """Read the platform's variables, and three of the devstack.

        Raises:
            ValueError: RS256 is on and no key is named, or a number is none.
        """
        found = super().from_env(environ)
        forced = environ.get("DEVSTACK_IDENTITY_RS256") == "1"
        if forced and found.rs256_key is None:
            raise ValueError(f"DEVSTACK_IDENTITY_RS256=1 needs {_KEY_PATH}")
        data = Path(environ.get("DEVSTACK_DATA_DIR") or ".devstack")
        url = found.database_url or sqlite_url(data / "identity.db")
        # The platform signs RS256 in production only, and HS256 there without a key.
        is_rs256 = forced or found.environment == "production"
        key = found.rs256_key if is_rs256 else None
        return replace(found, database_url=url, rs256_key=key)
