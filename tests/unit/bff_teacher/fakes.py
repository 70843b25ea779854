"""In-memory fakes of the ports of screen 1, and builders of contract structs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

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
from bff_core.errors import DownstreamError
from services.bff_teacher.contracts.cms import (
    Class,
    ClassInfo,
    ClassInfos,
    ClassPage,
    Roster,
    RosterStudent,
    StudentOfEssay,
)
from services.bff_teacher.contracts.identity import IdentityProfile
from services.bff_teacher.contracts.ras import AWAITING_REVIEW, BatchPage, BatchSummary, Pagination
from services.bff_teacher.ownership import real_students

ANNA = "anna-1"
START = datetime(2026, 1, 31, 8, 0)  # noqa: DTZ001 - the platform's times name no zone


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

    async def awaiting_review(self, ctx: RequestContext) -> Fetched[BatchPage]:
        return Fetched(self._page(100, 0, AWAITING_REVIEW))

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
    infos: ClassInfos = field(default_factory=dict)
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

    async def written(self, user_id: UserId) -> None:
        self.users.append(user_id)


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
