"""What the emulated Identity service is told by its environment, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "IDENTITY_SERVICE_"
_DEFAULT_SECRET = "dev-secret-change-me"
_DEFAULT_KID = "identity-rs256-key"


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """Lifetimes in seconds; a refresh token lives 24 times as long as an access token.

    `rs256_key` None means HS256 by `dev_secret`, in production too: the platform does just that.
    """

    database_url: str
    environment: str = "development"
    dev_secret: str = _DEFAULT_SECRET
    rs256_key: Path | None = None
    rs256_kid: str = _DEFAULT_KID
    access_lifetime: int = 3600
    login_limit: int = 5
    redis_url: str | None = None

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "IdentitySettings":
        """Read the platform's own names, and the devstack's two.

        Raises:
            ValueError: RS256 was switched on and no key is named, or a number is none.
        """
        return cls(
            database_url=env.get(f"{_PREFIX}DATABASE_URL") or _sqlite_url(env),
            environment=_environment(env),
            dev_secret=env.get(f"{_PREFIX}JWT_DEV_SECRET") or _DEFAULT_SECRET,
            rs256_key=_rs256_key(env),
            rs256_kid=env.get(f"{_PREFIX}JWT_RS256_PUBLIC_JWKS_KID") or _DEFAULT_KID,
            access_lifetime=int(env.get(f"{_PREFIX}JWT_ACCESS_TOKEN_EXPIRES_SECONDS") or "3600"),
            login_limit=int(env.get("DEVSTACK_IDENTITY_LOGIN_LIMIT") or "5"),
            redis_url=env.get("REDIS_URL") or None,
        )


def _environment(env: Mapping[str, str]) -> str:
    return env.get("ENVIRONMENT") or "development"


def _sqlite_url(env: Mapping[str, str]) -> str:
    folder = Path(env.get("DEVSTACK_DATA_DIR") or ".devstack")
    return f"sqlite+aiosqlite:///{folder / 'identity.db'}"


def _rs256_key(env: Mapping[str, str]) -> Path | None:
    path = env.get(f"{_PREFIX}JWT_RS256_PRIVATE_KEY_PATH")
    if env.get("DEVSTACK_IDENTITY_RS256") == "1":
        if not path:
            name = f"{_PREFIX}JWT_RS256_PRIVATE_KEY_PATH"
            raise ValueError(f"DEVSTACK_IDENTITY_RS256=1 needs {name}")
        return Path(path)
    # The platform signs RS256 in production only, and silently HS256 there without a key.
    return Path(path) if path and _environment(env) == "production" else None
