"""UUIDs: only they may become part of a path of another service."""

from bff_core.errors import FieldError, ValidationFailed
from bff_core.inputs import is_uuid

__all__ = ["is_uuid", "require_uuids"]


def require_uuids(**ids: str) -> list[str]:
    """The ids as they are given, because a source may know only one spelling.

    Raises:
        ValidationFailed: One or more are not UUIDs; each is named.
    """
    flaws = [
        FieldError(f"/{name}", "Must be a UUID") for name, text in ids.items() if not is_uuid(text)
    ]
    if flaws:
        raise ValidationFailed(flaws)
    return list(ids.values())
