"""Ids that came in a path: nothing but a UUID may reach a path of another service."""

import re

from bff_core.errors import Flaw, ValidationFailed

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Whether it is a UUID in the one spelling that the platform uses."""
    return _UUID.fullmatch(text) is not None


def checked(**ids: str) -> list[str]:
    """The ids in lower case, as the platform stores them.

    Raises:
        ValidationFailed: One or more of them are no UUIDs; each is named.
    """
    flaws = [Flaw(f"/{name}", "Must be a UUID") for name, text in ids.items() if not is_uuid(text)]
    if flaws:
        raise ValidationFailed(flaws)
    return [text.lower() for text in ids.values()]
