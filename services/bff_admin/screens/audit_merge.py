"""Merges several lists into one, newest first, a page at a time, while lists may be unavailable.

Each list is read in its own order, by sequence, and a cursor holds the position in each. So no
entry is returned twice and none is skipped, whatever is added meanwhile. A list that was
unavailable falls behind and catches up when it is back.
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
