"""UUIDs as text: in responses as their source spells them, because it may know only one spelling."""

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from bff_core.inputs import is_uuid

_SCHEMA = WithJsonSchema({"type": "string", "format": "uuid"})

UuidText = Annotated[str, _SCHEMA]
"""A UUID of a source, checked by the screen."""


def _require_uuid(text: str) -> str:
    if not is_uuid(text):
        raise ValueError("must be a UUID")
    return text


RequestedUuid = Annotated[str, AfterValidator(_require_uuid), _SCHEMA]
"""A UUID of a request, as the caller spells it."""
