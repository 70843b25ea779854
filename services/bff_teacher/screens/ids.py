"""UUIDs: only they may become part of a path of another service."""

import re

from bff_core.errors import FieldError, ValidationFailed

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def is_uuid(text: str) -> bool:
    """Accepts only the spelling with hyphens, which is the platform's."""
    return _UUID.fullmatch(text) is not None


def require_uuids(**ids: str) -> list[str]:
    """The ids in lower case, as the platform stores them.

    Raises:
        ValidationFailed: One or more are not UUIDs; each is named.
    """
    flaws = [
        FieldError(f"/{name}", "Must be a UUID") for name, text in ids.items() if not is_uuid(text)
    ]
    if flaws:
        raise ValidationFailed(flaws)
    return [text.lower() for text in ids.values()]
