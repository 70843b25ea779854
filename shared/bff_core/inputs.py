"""Types of what callers send, which take exactly what their JSON Schema says."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, Strict, WithJsonSchema

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

ETAGS_PATTERN = r'^(?:W/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:W/)?"[!#-~]*")*$'
"""What `If-Match` may hold; an asterisk is refused."""
KEY_PATTERN = r"^[!-~]{1,255}$"
"""What `Idempotency-Key` may hold."""


def _as_written(given: object) -> object:
    """Seconds since 1970 are no date to a person, and to no JSON Schema."""
    written = given[:5].endswith("-") if isinstance(given, str) else isinstance(given, datetime)
    if not written:
        raise ValueError("must be a date and a time with its offset, as in 2026-01-31T12:00:00Z")
    return given


def _in_utc(moment: datetime) -> datetime:
    try:
        return max(moment.astimezone(UTC), _EARLIEST)
    except OverflowError:
        raise ValueError("is out of range") from None


Since = Annotated[
    AwareDatetime,
    BeforeValidator(_as_written),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time from which on, in UTC."""


def _without_point(given: object) -> object:
    # JSON has one kind of number: 2.0 is as whole as 2.
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = Annotated[int, Strict(), BeforeValidator(_without_point)]
"""A whole number, and neither a word nor true."""


def _sayable(text: str) -> str:
    if any(ord(sign) < 0x20 or 0x7F <= ord(sign) < 0xA0 for sign in text):
        raise ValueError("must hold no control characters")
    if not text.strip():
        raise ValueError("must say something")
    return text.strip()


LINE_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"

Line = Annotated[
    str,
    AfterValidator(_sayable),
    Field(json_schema_extra={"minLength": 1, "pattern": LINE_PATTERN}),
]
"""What a person typed into one line: it says something, and is stripped of blanks around it."""
