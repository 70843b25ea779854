"""Field types that several wire models share."""

import unicodedata
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainSerializer, WithJsonSchema

from bff_core.clock import to_wire

StatusValue = Literal["pending", "approved", "denied"]
ActionValue = Literal["approve", "deny"]
EXAMPLE_ID = "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"

Timestamp = Annotated[
    datetime,
    PlainSerializer(to_wire, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""UTC with `Z`."""

_LINE_BREAKS = frozenset("\n\t\r")
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"


def _validate_text(text: str) -> str:
    """Strip blanks; refuse empty text and control characters, of which PostgreSQL stores no NUL."""
    if any(unicodedata.category(char) == "Cc" and char not in _LINE_BREAKS for char in text):
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
