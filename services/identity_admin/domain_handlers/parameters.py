"""User ids and page cursors in requests."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bff_core.errors import FieldError, NotFound, ValidationFailed
from bff_core.inputs import is_uuid
from services.identity_admin.ports import PageCursor

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def parse_user_id(text: str) -> UUID:
    """Parse the user id of a path.

    Raises:
        NotFound: The text is no UUID, so no account has this id.
    """
    if not is_uuid(text):
        raise NotFound
    return UUID(text)


def parse_optional_uuid(text: str | None, pointer: str) -> UUID | None:
    """Parse a query parameter; None stays None.

    Raises:
        ValidationFailed: The text is no UUID; the error names `pointer`.
    """
    if text is None:
        return None
    if not is_uuid(text):
        raise ValidationFailed([FieldError(pointer, "Must be a UUID")])
    return UUID(text)


def encode_cursor(cursor: PageCursor) -> str:
    """Base64 of eight bytes of microseconds since 1970 and sixteen bytes of user id."""
    microseconds = (cursor.requested_at - _EPOCH) // _MICROSECOND
    raw = microseconds.to_bytes(8, "big", signed=True) + cursor.user_id.bytes
    return base64.urlsafe_b64encode(raw).decode()


def decode_cursor(text: str | None) -> PageCursor | None:
    """Decode what `encode_cursor` returned; None stays None and means the first page.

    Raises:
        ValidationFailed: The text is no cursor.
    """
    if text is None:
        return None
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
        requested_at = _EPOCH + int.from_bytes(raw[:8], "big", signed=True) * _MICROSECOND
        return PageCursor(requested_at, UUID(bytes=raw[8:]))
    except (ValueError, OverflowError) as error:
        raise ValidationFailed(
            [FieldError("/cursor", "Use next_cursor of the page before")]
        ) from error
