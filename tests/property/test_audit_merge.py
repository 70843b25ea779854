"""The merged audit returns every entry once, in order, and reports what may be lacking."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bff_core.errors import ValidationFailed
from services.bff_admin.dto.audit_v1 import AdminAuditQuery
from services.bff_admin.screens.audit_merge import (
    MergedPage,
    MergePosition,
    SourceBatch,
    decode_cursor,
    encode_cursor,
    merge_page,
)

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
NAMES = ("settings", "users")
QUERY = AdminAuditQuery()


@dataclass(frozen=True)
class DatedEntry:
    sequence: int
    at: datetime


@dataclass
class World:
    """Two growing lists; time never goes back."""

    now: datetime = START
    lists: dict[str, list[DatedEntry]] = field(default_factory=lambda: {name: [] for name in NAMES})

    def add(self, name: str, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.lists[name].append(DatedEntry(2 * len(self.lists[name]) + 1, self.now))

    def batch(self, name: str, before: int | None, limit: int) -> SourceBatch[DatedEntry]:
        older = [one for one in self.lists[name] if before is None or one.sequence < before]
        newest = older[::-1]
        return SourceBatch(newest[:limit], len(newest) > limit)

    def everything(self) -> set[tuple[str, DatedEntry]]:
        return {(name, one) for name in NAMES for one in self.lists[name]}


@dataclass
class Reader:
    """Follows the cursor as a client does, through its text."""

    world: World
    limit: int
    given: list[tuple[str, DatedEntry]] = field(default_factory=list)
    cursor: str | None = None

    def turn(self, away: frozenset[str] = frozenset()) -> MergedPage[DatedEntry]:
        position: MergePosition = decode_cursor(AdminAuditQuery(cursor=self.cursor), NAMES)
        batches = {name: None if name in away else self._batch(name, position) for name in NAMES}
        page = merge_page(position, batches, self.limit, self.world.now)
        self.given += page.entries
        self.cursor = encode_cursor(page.position, QUERY)
        return page

    def _batch(self, name: str, position: MergePosition) -> SourceBatch[DatedEntry]:
        source = position.sources[name]
        return (
            SourceBatch() if source.exhausted else self.world.batch(name, source.before, self.limit)
        )

    def to_the_end(self) -> None:
        # Every page but the last gives something, so the number of entries bounds the pages.
        for _ in range(len(self.world.everything()) + 2):
            if self.cursor is None:
                return
            self.turn()
        raise AssertionError("the list has no end")


steps = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 3)), max_size=30)
absences = st.lists(st.frozensets(st.sampled_from(NAMES)), max_size=8)


def a_world(made: Sequence[tuple[str, int]]) -> World:
    world = World()
    for name, seconds in made:
        world.add(name, seconds)
    return world


@given(steps, st.integers(1, 7))
def test_all_present_gives_one_ordered_list(made: list[tuple[str, int]], limit: int) -> None:
    reader = Reader(a_world(made), limit)

    assert reader.turn().complete_until is None
    reader.to_the_end()

    times = [entry.at for _, entry in reader.given]
    assert times == sorted(times, reverse=True)
    assert len(reader.given) == len(made)
    assert set(reader.given) == reader.world.everything()


@given(steps, st.integers(1, 7), absences, steps)
@settings(max_examples=300)
def test_with_unavailable_sources_nothing_is_lost_or_repeated(
    made: list[tuple[str, int]],
    limit: int,
    away: list[frozenset[str]],
    later: list[tuple[str, int]],
) -> None:
    world = a_world(made)
    at_first = world.everything()
    reader = Reader(world, limit)
    additions = iter(later)

    for missing in [*away, frozenset[str]()]:
        page = reader.turn(missing)
        times = [entry.at for _, entry in page.entries]
        assert times == sorted(times, reverse=True)
        for name, seconds in [next(additions, ("users", -1))]:
            if seconds >= 0:
                world.add(name, seconds)
        if reader.cursor is None:
            break
    reader.to_the_end()

    assert len(reader.given) == len(set(reader.given))
    assert at_first <= set(reader.given)


@given(steps, st.integers(1, 7), absences)
@settings(max_examples=300)
def test_everything_newer_than_complete_until_was_returned(
    made: list[tuple[str, int]], limit: int, away: list[frozenset[str]]
) -> None:
    reader = Reader(a_world(made), limit)

    for missing in away:
        page = reader.turn(missing)
        reached = page.position.reached
        border = page.complete_until or reached
        if border is not None:
            newer = {one for one in reader.world.everything() if one[1].at > border}
            assert newer <= set(reader.given)
        if reader.cursor is None:
            assert set(reader.given) == reader.world.everything()
            break


@given(steps, st.integers(1, 7), steps)
def test_additions_while_reading_change_nothing(
    made: list[tuple[str, int]], limit: int, later: list[tuple[str, int]]
) -> None:
    quiet, busy = Reader(a_world(made), limit), Reader(a_world(made), limit)
    quiet.turn()
    quiet.to_the_end()

    busy.turn()
    for name, seconds in later:
        busy.world.add(name, seconds)
    busy.to_the_end()

    assert busy.given == quiet.given


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda raw: raw.hex()))
def test_a_foreign_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed):
        decode_cursor(AdminAuditQuery(cursor=text), NAMES)
