"""Encodes a position in the merged audit as an opaque cursor."""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from bff_core.clock import to_wire
from bff_core.errors import FieldError, ValidationFailed
from services.bff_admin.dto.audit_v1 import AdminAuditQuery
from services.bff_admin.screens.audit_merge import MergePosition, SourcePosition

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Sequence = Annotated[int, msgspec.Meta(ge=1, lt=10**18)]
_Microseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]
"""Microseconds since 1970, up to the last that a datetime can hold."""


class _EncodedPosition(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    before: _Sequence | None
    newest: _Microseconds | None
    exhausted: bool


class _Cursor(msgspec.Struct, forbid_unknown_fields=True):
    sources: dict[str, _EncodedPosition] = msgspec.field(name="p")
    reached: _Microseconds | None = msgspec.field(name="r")
    filters: str = msgspec.field(name="f")


_DECODER = msgspec.json.Decoder(_Cursor)


def encode_cursor(position: MergePosition, query: AdminAuditQuery) -> str | None:
    """The cursor of the next page; None at the end."""
    if position.exhausted:
        return None
    sources = {
        name: _EncodedPosition(source.before, _to_micros(source.newest), source.exhausted)
        for name, source in position.sources.items()
    }
    cursor = _Cursor(sources, _to_micros(position.reached), _filter_hash(query))
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode().rstrip("=")


def decode_cursor(query: AdminAuditQuery, sources: Iterable[str]) -> MergePosition:
    """The position to continue at; the beginning without a cursor.

    Raises:
        ValidationFailed: The cursor is invalid, or belongs to other filters.
    """
    sources = set(sources)
    if query.cursor is None:
        return MergePosition({name: SourcePosition() for name in sorted(sources)})
    try:
        padded = query.cursor + "=" * (-len(query.cursor) % 4)
        cursor = _DECODER.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise _invalid("Use next_cursor of the page before") from error
    if cursor.filters != _filter_hash(query) or set(cursor.sources) != sources:
        raise _invalid("Use next_cursor with the filters of the page before")
    positions = {
        name: SourcePosition(source.before, _to_datetime(source.newest), source.exhausted)
        for name, source in sorted(cursor.sources.items())
    }
    return MergePosition(positions, _to_datetime(cursor.reached))


def _filter_hash(query: AdminAuditQuery) -> str:
    since = to_wire(query.since) if query.since else ""
    filters = "\n".join([query.source or "", query.actor or "", since])
    return hashlib.sha256(filters.encode()).hexdigest()[:12]


def _to_micros(moment: datetime | None) -> int | None:
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


def _to_datetime(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + micros * _MICROSECOND


def _invalid(message: str) -> ValidationFailed:
    return ValidationFailed([FieldError("/cursor", message)])
