"""In-memory fakes of the ports of screen 1, and builders of contract structs."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from bff_core.clock import SystemClock
from bff_core.composition import Fetched
from bff_core.context import (
    CorrelationId,
    Deadline,
    OrgId,
    RequestContext,
    Role,
    UserId,
)
from bff_core.errors import BffError, DownstreamError, Unavailable
from bff_core.tasks import Background
from services.bff_teacher.confirmations.creation import Creation
from services.bff_teacher.contracts.cms import (
    Class,
    ClassInfo,
    ClassInfos,
    ClassPage,
    Roster,
    RosterStudent,
    StudentOfEssay,
)
from services.bff_teacher.contracts.entitlements import Balance
from services.bff_teacher.contracts.identity import IdentityProfile
from services.bff_teacher.contracts.ras import BatchPage, BatchSummary, Pagination
from services.bff_teacher.ownership import real_students
from services.bff_teacher.ports import BatchTitle, TitleByBatch

ANNA = "anna-1"
START = datetime(2026, 1, 31, 8, 0)  # noqa: DTZ001 - the platform's times name no zone

T = TypeVar("T")


def batch_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def a_batch(number: int, **changes: object) -> BatchSummary:
    batch = BatchSummary(
        batch_id=batch_id(number),
        user_id=ANNA,
        overall_status="ready",
        essay_count=25,
        completed_essay_count=0,
        failed_essay_count=0,
        created_at=START + timedelta(minutes=number),
        last_updated=START + timedelta(minutes=number + 1),
    )
    return msgspec.structs.replace(batch, **changes)


def a_class(number: int, **changes: object) -> Class:
    one = Class(
        id=f"10000000-0000-4000-8000-{number:012d}",
        name=f"Klass {number}",
        course_code="SV1",
        created_at=START + timedelta(days=number),
    )
    return msgspec.structs.replace(one, **changes)


def info_of(one: Class) -> ClassInfo:
    return ClassInfo(one.id, one.name)


def a_context(user: str = ANNA) -> RequestContext:
    return RequestContext(
        user_id=UserId(user),
        roles=frozenset({Role("teacher")}),
        org_id=OrgId("demo"),
        correlation_id=CorrelationId("6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"),
        deadline=Deadline.after(3, SystemClock()),
    )


@dataclass
class FakeResults:
    """`words` maps a batch id to its internal status, by which `page` filters."""

    rows: list[BatchSummary] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)
    skipped: int = 0
    down: DownstreamError | None = None
    activity_down: DownstreamError | None = None

    async def page(
        self, ctx: RequestContext, *, limit: int, offset: int, status: str | None = None
    ) -> Fetched[BatchPage]:
        if self.down:
            raise self.down
        return Fetched(self._page(limit, offset, status))

    async def newest(self, ctx: RequestContext) -> Fetched[BatchPage]:
        if self.activity_down:
            raise self.activity_down
        return Fetched(self._page(100, 0, None), age=30.0)

    def _page(self, limit: int, offset: int, word: str | None) -> BatchPage:
        ordered = sorted(self.rows, key=lambda row: row.created_at, reverse=True)
        found = [row for row in ordered if word is None or self.words.get(row.batch_id) == word]
        return BatchPage(
            batches=tuple(found[offset : offset + limit]),
            pagination=Pagination(limit, offset, len(found)),
            skipped=self.skipped,
        )


@dataclass
class FakeClasses:
    rows: list[Class] = field(default_factory=list)
    infos: Mapping[str, ClassInfo | None] = field(default_factory=dict)
    down: DownstreamError | None = None
    infos_down: DownstreamError | None = None
    skipped: int = 0

    async def page(self, ctx: RequestContext, *, limit: int, offset: int = 0) -> Fetched[ClassPage]:
        if self.down:
            raise self.down
        rows = tuple(self.rows[offset : offset + limit])
        return Fetched(ClassPage(classes=rows, skipped=self.skipped))

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[ClassInfos]:
        if self.infos_down:
            raise self.infos_down
        return Fetched({one: self.infos.get(one) for one in batch_ids})


@dataclass
class FakeStudents:
    """A class without an entry in `rosters` has no students; CMS's placeholder is left out."""

    rosters: dict[str, list[RosterStudent]] = field(default_factory=dict)
    names: list[StudentOfEssay] = field(default_factory=list)
    ages: dict[str, float] = field(default_factory=dict)
    down: DownstreamError | None = None
    skipped: int = 0

    async def roster(self, ctx: RequestContext, class_id: str) -> Fetched[Roster]:
        if self.down:
            raise self.down
        everyone = Roster(students=tuple(self.rosters.get(class_id, ())), skipped=self.skipped)
        roster = replace(everyone, students=tuple(real_students(everyone)))
        return Fetched(roster, age=self.ages.get(class_id, 0.0))

    async def of_batch(self, ctx: RequestContext, batch_id: str) -> Fetched[list[StudentOfEssay]]:
        if self.down:
            raise self.down
        return Fetched(self.names)

    async def of_essay(self, ctx: RequestContext, essay_id: str) -> Fetched[StudentOfEssay | None]:
        if self.down:
            raise self.down
        return Fetched(next((one for one in self.names if one.essay_id == essay_id), None))


@dataclass
class MemoryTitles:
    """Passes the same contract tests as the real titles. `down` fails every method."""

    rows: dict[str, BatchTitle] = field(default_factory=dict)
    down: BffError | None = None
    asked: list[list[str]] = field(default_factory=list)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[TitleByBatch]:
        self._fail()
        self.asked.append(list(batch_ids))
        wanted = {one.lower() for one in batch_ids}
        return Fetched({key: title for key, title in self.rows.items() if key in wanted})

    async def current(self, ctx: RequestContext, batch_id: str) -> BatchTitle:
        self._fail()
        return self.rows.get(batch_id.lower(), BatchTitle())

    async def replace(
        self, ctx: RequestContext, batch_id: str, text: str, *, version: int
    ) -> BatchTitle | None:
        if (await self.current(ctx, batch_id)).version != version:
            return None
        title = BatchTitle(text, version + 1, datetime(2026, 1, 31, 12, tzinfo=UTC))
        self.rows[batch_id.lower()] = title
        return title

    def _fail(self) -> None:
        if self.down:
            raise self.down


@dataclass
class FakeCredits:
    found: Balance = field(default_factory=lambda: Balance(847))
    down: DownstreamError | None = None

    async def balance(self, ctx: RequestContext) -> Fetched[Balance]:
        if self.down:
            raise self.down
        return Fetched(self.found)


@dataclass
class FakeProfiles:
    profile: IdentityProfile | None = None
    down: DownstreamError | None = None

    async def get(self, ctx: RequestContext) -> Fetched[IdentityProfile]:
        if self.down or self.profile is None:
            raise self.down or DownstreamError("identity")
        return Fetched(self.profile)


@dataclass
class RecordingWrites:
    """Records the users of `BatchWrites`."""

    users: list[UserId] = field(default_factory=list)
    _background: Background = field(default_factory=Background)

    async def written(self, user_id: UserId) -> None:
        self.users.append(user_id)

    async def finish(self, write: Coroutine[Any, Any, T]) -> T:
        return await asyncio.shield(self._background.start(write))


@dataclass
class RecordingReads:
    """Records the users whose `CachedReads` were dropped; None stands for all."""

    forgotten: list[UserId | None] = field(default_factory=list)
    invalidated: list[UserId] = field(default_factory=list)

    def forget(self, user_id: UserId | None) -> None:
        self.forgotten.append(user_id)

    def forget_activity(self, user_id: UserId) -> None: ...

    async def invalidate(self, user_id: UserId) -> None:
        self.invalidated.append(user_id)


@dataclass
class MemoryCreations:
    """Passes the same contract tests as the real ledger. `down` names the methods that fail."""

    rows: dict[tuple[str, str], Creation] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)

    async def find(self, user_id: UserId, key: str) -> Creation | None:
        self._fail("find")
        return self.rows.get((user_id, key))

    async def begin(self, creation: Creation) -> bool:
        self._fail("begin")
        place = (creation.user_id, creation.key)
        return self.rows.setdefault(place, creation) is creation

    async def advance(self, before: Creation, after: Creation) -> bool:
        self._fail(f"advance to {after.outcome}")
        stored = self.rows.get((before.user_id, before.key))
        if stored is None or _attempt_of(stored) != _attempt_of(before):
            return False
        self.rows[before.user_id, before.key] = after
        if after.batch_id and after.title:
            self.titles.setdefault(after.batch_id, after.title)
        return True

    async def latest(self, user_id: UserId) -> list[Creation]:
        self._fail("latest")
        return [one for (owner, _), one in self.rows.items() if owner == user_id]

    def _fail(self, method: str) -> None:
        if method in self.down:
            raise Unavailable(details={"reason": "ledger_unavailable"})


def _attempt_of(creation: Creation) -> tuple[datetime, str]:
    return creation.started_at, creation.outcome
