"""Words and times as they go over the wire, and the texts that people type."""

import unicodedata
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainSerializer, WithJsonSchema

from bff_core.clock import to_wire

StatusWord = Literal["pending", "approved", "denied"]
ActionWord = Literal["approve", "deny"]
EXAMPLE_ID = "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"

Moment = Annotated[
    datetime,
    PlainSerializer(to_wire, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""UTC with `Z`."""

_LINE_BREAKS = frozenset("\n\t\r")


_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"


def _printable(text: str) -> str:
    """PostgreSQL keeps no NUL, and the others only confuse whoever reads the history."""
    if any(unicodedata.category(sign) == "Cc" and sign not in _LINE_BREAKS for sign in text):
        raise ValueError("must hold no control characters")
    stripped = text.strip()
    if not stripped:
        raise ValueError("must say something")
    return stripped


Words = Annotated[
    str,
    AfterValidator(_printable),
    Field(
        json_schema_extra={
            "minLength": 1,
            "pattern": rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$",
        }
    ),
]
