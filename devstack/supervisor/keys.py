"""The devstack's secrets: random for each folder, readable by their owner only."""

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True)
class StackKeys:
    jwt_secret: str = field(repr=False)
    internal_api_key: str = field(repr=False)

    @property
    def audit_key(self) -> str:
        """The key of the settings' audit, derived from the internal key."""
        return hashlib.sha256(f"audit {self.internal_api_key}".encode()).hexdigest()

    @property
    def session_key(self) -> str:
        """The key of session cookies, so that a restart of the gateway signs nobody out."""
        return hashlib.sha256(f"session {self.internal_api_key}".encode()).hexdigest()


def load_keys(path: Path) -> StackKeys:
    """Read the keys; write new ones when there are no readable ones."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=StackKeys)
    except (FileNotFoundError, ValueError):
        keys = StackKeys(secrets.token_urlsafe(48), secrets.token_urlsafe(48))
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    # The mode is set at creation, so that no other user can ever read the file.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(msgspec.json.encode(keys))
    draft.replace(path)
    return keys
