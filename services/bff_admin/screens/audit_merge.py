"""Merges several lists into one, newest first, a page at a time, while lists may be unavailable.

Each list is read in its own order, by sequence, and a cursor holds the position in each. So no
entry is returned twice and none is skipped, whatever is added meanwhile. A list that was
unavailable falls behind and catches up when it is back.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Generic, Protocol, TypeVar

import msgspec

from bff_core.clock import to_wire
from bff_core.errors import FieldError, ValidationFailed
from services.bff_admin.dto.audit_v1 import AdminAuditQuery

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_Sequence = Annotated[int, msgspec.Meta(ge=1, lt=10**18)]
_Microseconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999_999)]
"""Microseconds since 1970, up to the last that a datetime can hold."""


class Dated(Protocol):
    @property
    def sequence(self) -> int: ...

    @property
    def at(self) -> datetime: ...


E = TypeVar("E", bound=Dated)


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """The position in one list: entries with a sequence below `before` remain; None is all.

    No remaining entry is newer than `newest`; None is unknown.
    """

    before: int | None = None
    newest: datetime | None = None
    exhausted: bool = False


@dataclass(frozen=True, slots=True)
class MergePosition:
    """The positions in all lists; `reached` is the time of the oldest entry returned so far."""

    sources: Mapping[str, SourcePosition]
    reached: datetime | None = None

    @property
    def exhausted(self) -> bool:
        return all(source.exhausted for source in self.sources.values())


@dataclass(frozen=True, slots=True)
class SourceBatch(Generic[E]):
    """The next entries of one list, newest first; `more` when older ones follow."""

    entries: Sequence[E] = field(default=())
    more: bool = False


@dataclass(frozen=True, slots=True)
class MergedPage(Generic[E]):
    """Every entry newer than `complete_until` has been returned; None when none is lacking."""

    entries: Sequence[tuple[str, E]]
    position: MergePosition
    complete_until: datetime | None


def merge_page(
    position: MergePosition,
    batches: Mapping[str, SourceBatch[E] | None],
    limit: int,
    now: datetime,
) -> MergedPage[E]:
    """Merge the next page; the batch of an unavailable list is None."""
    available = {name: batch for name, batch in batches.items() if batch is not None}
    taken = dict.fromkeys(available, 0)
    entries: list[tuple[str, E]] = []
    while len(entries) < limit and (name := _newest_source(available, taken)) is not None:
        entries.append((name, available[name].entries[taken[name]]))
        taken[name] += 1
    sources = {
        name: _position_after(available[name], taken[name]) if name in available else source
        for name, source in position.sources.items()
    }
    times = [entry.at for _, entry in entries]
    reached = min([*times, *([position.reached] if position.reached else [])], default=None)
    # Entries of a list may be lacking from the newest that remains in it.
    remaining = [source.newest or now for source in sources.values() if not source.exhausted]
    lacking_from = max(remaining, default=None)
    if lacking_from is not None and reached is not None and lacking_from <= reached:
        lacking_from = None
    return MergedPage(entries, MergePosition(sources, reached), lacking_from)


def _newest_source(batches: Mapping[str, SourceBatch[E]], taken: Mapping[str, int]) -> str | None:
    """The list with the newest next entry; None when all are used up, or one needs another batch."""
    newest: tuple[datetime, str] | None = None
    for name, batch in batches.items():
        if taken[name] < len(batch.entries):
            candidate = (batch.entries[taken[name]].at, name)
            newest = candidate if newest is None or candidate > newest else newest
        elif batch.more:
            return None
    return newest[1] if newest else None


def _position_after(batch: SourceBatch[E], taken: int) -> SourcePosition:
    if taken < len(batch.entries):
        following = batch.entries[taken]
        return SourcePosition(following.sequence + 1, following.at)
    if not batch.more or not batch.entries:
        return SourcePosition(exhausted=True)
    last = batch.entries[-1]
    return SourcePosition(last.sequence, last.at)


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
