"""Keys that verify tokens, and the port to their source."""

from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from bff_core.settings import ServiceSettings, SettingsError


class KeySource(Protocol):
    """The keys that access tokens may be signed with."""

    def key_for(self, kid: str | None) -> object:
        """The key to verify with.

        Raises:
            NotAuthenticated: No key has that id.
        """
        ...

    def is_current(self, key: object) -> bool:
        """True while tokens that this key has verified are valid."""
        ...

    async def ensure_key(self, kid: str | None) -> None:
        """Fetch the key with this id where that is needed.

        Raises:
            NotAuthenticated: No key has that id.
            Unavailable: The keys cannot be fetched at the moment.
        """
        ...

    async def aclose(self) -> None:
        """Release open resources."""
        ...


class StaticKey:
    """One key, whatever key id a token names."""

    def __init__(self, key: str | RSAPublicKey) -> None:
        self._key = key

    def key_for(self, kid: str | None) -> str | RSAPublicKey:  # noqa: ARG002 - the port's signature
        return self._key

    def is_current(self, key: object) -> bool:
        return key is self._key

    async def ensure_key(self, kid: str | None) -> None: ...

    async def aclose(self) -> None: ...


def key_from(settings: ServiceSettings) -> StaticKey:
    """The configured key; with a key set by URL see `JwksKeys`.

    Raises:
        SettingsError: The public key cannot be read or is not an RSA key in PEM.
    """
    # Compose sets variables without a value to the empty string.
    if settings.jwt_secret_key:
        return StaticKey(settings.jwt_secret_key.get_secret_value())
    name = "JWT_PUBLIC_KEY" if settings.jwt_public_key else "JWT_PUBLIC_KEY_PATH"
    try:
        pem = settings.jwt_public_key or Path(settings.jwt_public_key_path or "").read_text("ascii")
        key = load_pem_public_key(pem.encode())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name} cannot be read as a public key in PEM") from error
    if not isinstance(key, RSAPublicKey):
        raise SettingsError(f"{name} is not an RSA key")
    return StaticKey(key)
