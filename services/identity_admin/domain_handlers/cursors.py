"""How far a listing has come, as text that callers hand back unread."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

from bff_core.errors import FieldError, ValidationFailed
from services.identity_admin.protocols import Place

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def written(place: Place) -> str:
    """Eight bytes of microseconds since 1970, sixteen of id."""
    moment = (place.requested_at - _EPOCH) // _MICROSECOND
    raw = moment.to_bytes(8, "big", signed=True) + place.user_id.bytes
    return base64.urlsafe_b64encode(raw).decode()


def read(cursor: str | None) -> Place | None:
    """The place; None for the start.

    Raises:
        ValidationFailed: It was not written here.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor, altchars=b"-_", validate=True)
        moment = _EPOCH + int.from_bytes(raw[:8], "big", signed=True) * _MICROSECOND
        return Place(moment, UUID(bytes=raw[8:]))
    except (ValueError, OverflowError) as error:
        raise ValidationFailed(
            [FieldError("/cursor", "Use next_cursor of the page before")]
        ) from error
