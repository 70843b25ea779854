"""Several lists as one, newest first, a page at a time; some of them may be away for a while.

Each list is gone through in its own order, by its own sequence, and a cursor holds how far. So no
entry is given twice and none is passed over, whatever is added and whoever is away meanwhile. A
list that was away is behind, and catches up when it is back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar


class Dated(Protocol):
    @property
    def sequence(self) -> int: ...

    @property
    def at(self) -> datetime: ...


E = TypeVar("E", bound=Dated)


@dataclass(frozen=True, slots=True)
class Place:
    """How far one list has been given: what has a sequence below `before` is still to come.

    `before` None is all of it. None of what is to come is newer than `bound`; None: unknown.
    """

    before: int | None = None
    bound: datetime | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """How far the whole has been given, down to the moment `reached`."""

    places: Mapping[str, Place]
    reached: datetime | None = None

    @property
    def ended(self) -> bool:
        return all(place.ended for place in self.places.values())


@dataclass(frozen=True, slots=True)
class Batch(Generic[E]):
    """The next entries of one list, newest first; `more` when older ones follow."""

    entries: Sequence[E] = field(default=())
    more: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[E]):
    """`complete_until`: everything newer has been given by now; None when nothing is lacking."""

    entries: Sequence[tuple[str, E]]
    position: Position
    complete_until: datetime | None


def merged(
    position: Position, batches: Mapping[str, Batch[E] | None], limit: int, now: datetime
) -> Page[E]:
    """A page of what is to come; a list that is away has None for its batch."""
    present = {name: batch for name, batch in batches.items() if batch is not None}
    taken = dict.fromkeys(present, 0)
    entries: list[tuple[str, E]] = []
    while len(entries) < limit and (name := _next(present, taken)) is not None:
        entries.append((name, present[name].entries[taken[name]]))
        taken[name] += 1
    places = {
        name: _place_after(present[name], taken[name]) if name in present else place
        for name, place in position.places.items()
    }
    times = [entry.at for _, entry in entries]
    reached = min([*times, *([position.reached] if position.reached else [])], default=None)
    return Page(entries, Position(places, reached), _lacking(places, reached, now))


def _next(batches: Mapping[str, Batch[E]], taken: Mapping[str, int]) -> str | None:
    """The list whose next entry is the newest; None when that cannot be told any more."""
    newest: tuple[datetime, str] | None = None
    for name, batch in batches.items():
        if taken[name] < len(batch.entries):
            head = (batch.entries[taken[name]].at, name)
            newest = head if newest is None or head > newest else newest
        elif batch.more:
            return None
    return newest[1] if newest else None


def _place_after(batch: Batch[E], taken: int) -> Place:
    if taken < len(batch.entries):
        head = batch.entries[taken]
        return Place(head.sequence + 1, head.at)
    if not batch.more or not batch.entries:
        return Place(ended=True)
    last = batch.entries[-1]
    return Place(last.sequence, last.at)


def _lacking(
    places: Mapping[str, Place], reached: datetime | None, now: datetime
) -> datetime | None:
    """The newest moment of which something may be lacking among what has been given."""
    bounds = [place.bound or now for place in places.values() if not place.ended]
    newest = max(bounds, default=None)
    if newest is None or (reached is not None and newest <= reached):
        return None
    return newest
