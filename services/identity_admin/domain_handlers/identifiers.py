"""Ids from the outside, read strictly."""

import re
from uuid import UUID

from bff_core.errors import FieldError, NotFound, ValidationFailed

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def uuid_in(text: str) -> UUID | None:
    """UUID() itself accepts braces, URNs and missing hyphens."""
    return UUID(text) if _UUID.fullmatch(text) else None


def person_in(path: str) -> UUID:
    """Whom a path speaks of.

    Raises:
        NotFound: No account can have such an id.
    """
    user_id = uuid_in(path)
    if user_id is None:
        raise NotFound
    return user_id


def uuid_or_flaw(text: str | None, pointer: str) -> UUID | None:
    """None stays None.

    Raises:
        ValidationFailed: There is something, and it is no UUID.
    """
    if text is None:
        return None
    given = uuid_in(text)
    if given is None:
        raise ValidationFailed([FieldError(pointer, "Must be a UUID")])
    return given
