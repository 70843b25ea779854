"""A position in the merged audit as text that callers hand back unread."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from bff_core.clock import to_wire
from bff_core.errors import FieldError, ValidationFailed
from services.bff_admin.dto.audit_v1 import AuditQuery
from services.bff_admin.screens.audit_merge import Place, Position

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Sequence = Annotated[int, msgspec.Meta(ge=1, lt=10**18)]
# Up to the end of the calendar.
_Moment = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]


class _Place(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    before: _Sequence | None
    bound: _Moment | None
    ended: bool


class _Cursor(msgspec.Struct, forbid_unknown_fields=True):
    places: dict[str, _Place] = msgspec.field(name="p")
    reached: _Moment | None = msgspec.field(name="r")
    filters: str = msgspec.field(name="f")


_DECODER = msgspec.json.Decoder(_Cursor)


def written(position: Position, query: AuditQuery) -> str | None:
    """None at the end."""
    if position.ended:
        return None
    places = {
        name: _Place(place.before, _micros(place.bound), place.ended)
        for name, place in position.places.items()
    }
    cursor = _Cursor(places, _micros(position.reached), _print_of(query))
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def read(query: AuditQuery, sources: Iterable[str]) -> Position:
    """Where to go on; without a cursor, the beginning.

    Raises:
        ValidationFailed: It was not written here, or for other filters.
    """
    sources = set(sources)
    if query.cursor is None:
        return Position({name: Place() for name in sorted(sources)})
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        found = _DECODER.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise _unfit("Use next_cursor of the page before") from error
    if found.filters != _print_of(query) or set(found.places) != sources:
        raise _unfit("Use next_cursor with the filters of the page before")
    places = {
        name: Place(place.before, _moment(place.bound), place.ended)
        for name, place in sorted(found.places.items())
    }
    return Position(places, _moment(found.reached))


def _print_of(query: AuditQuery) -> str:
    since = to_wire(query.since) if query.since else ""
    told = "\n".join([query.source or "", query.actor or "", since])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def _micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + micros * _MICROSECOND


def _unfit(message: str) -> ValidationFailed:
    return ValidationFailed([FieldError("/cursor", message)])
