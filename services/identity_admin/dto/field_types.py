"""Field types that several wire models share."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from bff_core.clock import to_wire
from bff_core.inputs import has_controls

StatusValue = Literal["pending", "approved", "denied", "deactivated"]
ActionValue = Literal["approve", "deny", "deactivate", "reactivate", "invite"]
EXAMPLE_ID = "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"


def _text_of(given: object) -> object:
    return str(given) if isinstance(given, UUID) else given


UuidText = Annotated[str, BeforeValidator(_text_of)]
"""A UUID of a model, as its text."""

Timestamp = Annotated[
    datetime,
    PlainSerializer(to_wire, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""UTC with `Z`."""

_LINE_BREAKS = "\n\t\r"
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"


def _validate_text(text: str) -> str:
    """Strip blanks; refuse empty text and control characters, of which PostgreSQL stores no NUL."""
    if has_controls(text, but=_LINE_BREAKS):
        raise ValueError("must hold no control characters")
    stripped = text.strip()
    if not stripped:
        raise ValueError("must not be blank")
    return stripped


FreeText = Annotated[
    str,
    AfterValidator(_validate_text),
    Field(
        json_schema_extra={
            "minLength": 1,
            "pattern": rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$",
        }
    ),
]
"""Text of one or more lines that a person typed."""
