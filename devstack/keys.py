"""The demo stack's secrets: random per folder, readable by their owner only."""

import hashlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Keys:
    jwt_secret: str = field(repr=False)
    internal_api_key: str = field(repr=False)

    @property
    def audit_key(self) -> str:
        """Seals the audit of settings; it lasts as long as the key that it is made from."""
        return hashlib.sha256(f"audit {self.internal_api_key}".encode()).hexdigest()


def load_keys(path: Path) -> Keys:
    """Read the keys, or make new ones when there are none that can be read."""
    try:
        stored = json.loads(path.read_bytes())
        return Keys(str(stored["jwt_secret"]), str(stored["internal_api_key"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return _new_keys(path)


def _new_keys(path: Path) -> Keys:
    keys = Keys(secrets.token_urlsafe(48), secrets.token_urlsafe(48))
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    # The mode is given at creation, so that there is no moment in which others can read it.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(keys), file)
    draft.replace(path)
    return keys
