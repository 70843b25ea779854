"""Field types of requests; each accepts exactly the values that its JSON Schema describes."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    Strict,
    WithJsonSchema,
)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DIGITS = re.compile(r"-?[0-9]+")
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

ETAGS_PATTERN = r'^(?:W/)?"[!#-~]*"(?:[ \t]*,[ \t]*(?:W/)?"[!#-~]*")*$'
"""Values of `If-Match`; an asterisk is refused."""
KEY_PATTERN = r"^[!-~]{1,255}$"
"""Values of `Idempotency-Key`."""


class OnceHeadersV1(BaseModel):
    """Headers of a write that must not happen twice."""

    idempotency_key: str | None = Field(
        None,
        alias="Idempotency-Key",
        pattern=KEY_PATTERN,
        description="Names one submission, and all repeats of it; without it the answer is 428.",
    )


def is_uuid(text: str) -> bool:
    """True for a UUID with hyphens, the platform's spelling; `UUID()` accepts others, too."""
    return _UUID.fullmatch(text) is not None


def _require_date_text(given: object) -> object:
    """Refuse seconds since 1970, which JSON Schema's date-time excludes."""
    is_date = given[:5].endswith("-") if isinstance(given, str) else isinstance(given, datetime)
    if not is_date:
        raise ValueError("must be a date and a time with its offset, as in 2026-01-31T12:00:00Z")
    return given


def _in_utc(moment: datetime) -> datetime:
    try:
        return max(moment.astimezone(UTC), _EARLIEST)
    except OverflowError:
        raise ValueError("is out of range") from None


Since = Annotated[
    AwareDatetime,
    BeforeValidator(_require_date_text),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A start time, in UTC."""


def _whole_float_to_int(given: object) -> object:
    # JSON has one kind of number: 2.0 is as whole as 2.
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = Annotated[int, Strict(), BeforeValidator(_whole_float_to_int)]
"""A whole number; not a string, not a boolean."""


def _require_plain_digits(given: object) -> object:
    """Refuse `5_0`, `+5` and blanks, which Python reads as numbers."""
    if isinstance(given, str) and not _DIGITS.fullmatch(given):
        raise ValueError("must be a whole number in decimal digits")
    return given


PLAIN_DIGITS = BeforeValidator(_require_plain_digits)
"""Stands behind a `Field` with bounds, or pydantic's schema lacks them."""
QueryInt = Annotated[int, PLAIN_DIGITS]
"""A whole number in a query string."""

CONTROLS = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""C0 and C1 controls, line separators and bidirectional controls, for a pattern's brackets."""
_CONTROL = re.compile(f"[{CONTROLS}]")


def has_controls(text: str, *, but: str = "") -> bool:
    """True if the text holds a control character other than those in `but`."""
    return any(char not in but for char in _CONTROL.findall(text))


def _require_text(text: str) -> str:
    if has_controls(text):
        raise ValueError("must hold no control characters")
    if not text.strip():
        raise ValueError("must not be blank")
    return text.strip()


LINE_PATTERN = rf"^[^{CONTROLS}]*[^\s{CONTROLS}][^{CONTROLS}]*$"

Line = Annotated[
    str,
    AfterValidator(_require_text),
    Field(json_schema_extra={"minLength": 1, "pattern": LINE_PATTERN}),
]
"""One line of text: not blank, without control characters, stripped."""

_LETTERS = "A-Za-z0-9À-ÖØ-öø-ɏ"
_ATOM = rf"[{_LETTERS}!#$%&'*+/=?^_`{{|}}~-]{{1,64}}"
_LABEL = rf"[{_LETTERS}](?:[{_LETTERS}-]{{0,61}}[{_LETTERS}])?"
# Top-level domains without mail; Identity fails on addresses of theirs.
_UNDELIVERABLE = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})


def _deliverable(address: str) -> str:
    local, _, domain = address.rpartition("@")
    if len(local) > 64 or domain.rpartition(".")[2].lower() in _UNDELIVERABLE:
        raise ValueError("must be an address that mail can be sent to")
    return address


Email = Annotated[
    str,
    Field(
        max_length=254,
        pattern=rf"^{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}$",
        examples=["anna@skola.example"],
    ),
    AfterValidator(_deliverable),
]
"""An e-mail address that Identity accepts."""
