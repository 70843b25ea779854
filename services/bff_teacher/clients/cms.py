"""Class management: `/v1` trusts the user id that is sent, `/internal` the service's key.

CMS does not check who may see a roster or a match; `ownership` and the screens do.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from bff_core.client import Absence, Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.clock import Clock
from bff_core.composition import Fetched, combined, fan_out
from bff_core.context import RequestContext
from bff_core.errors import DownstreamRefused
from bff_core.settings import Operation
from services.bff_teacher.clients.absent_route import AbsentRoute
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    ClassInfos,
    ClassPage,
    ConfirmAnswer,
    ConfirmBody,
    ConfirmItem,
    Roster,
    StudentOfEssay,
    ValidationStatuses,
)
from services.bff_teacher.ownership import real_students

T = TypeVar("T")

IDS_PER_CALL = 50
"""Bounds the length of the URL; CMS itself sets no limit."""
CHUNKS_AT_A_TIME = 2
"""A screen may read two lists of batches at a time; one user's share is four calls."""

CLASS_OF_BATCH = "class_info"
STUDENTS_OF_BATCH = frozenset({"student_names", "student_of_essay"})
"""Operations that read whom CMS matched with essays."""

REVIEWS = frozenset({"validation_status", "review_rows", "review_students"})
"""Operations that read which matches wait for their teacher."""
TOO_MANY_REQUESTS = 429

# CMS redirects without the trailing slash, and redirects are not followed.
CLASSES = ("v1", "classes", "")
CLASS_INFO = ("internal", "v1", "batches", "class-info")

VALIDATION_STATUS = ("internal", "v1", "batches", "validation-status")

_decode_class_infos = JsonDecoder(ClassInfos)
_decode_statuses = JsonDecoder(ValidationStatuses)


class HttpClasses:
    def __init__(
        self,
        cms: ServiceClient,
        identity: ServiceIdentity,
        *,
        class_list: Operation,
        class_info: Operation,
    ) -> None:
        self._page = cms.endpoint(
            "classes",
            class_list,
            JsonDecoder(ClassPage, rows="classes", on_salvage=cms.salvaged("classes")),
            credentials=Credentials(user=True),
        )
        self._infos = cms.endpoint(
            CLASS_OF_BATCH,
            class_info,
            _class_infos,
            credentials=Credentials(service=identity),
            subjects=lambda infos: infos,
        )

    async def page(self, ctx: RequestContext, *, limit: int, offset: int = 0) -> Fetched[ClassPage]:
        return await self._page.get(ctx, CLASSES, {"limit": limit, "offset": offset})

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[ClassInfos]:
        """CMS fails the whole call for one malformed id, so callers pass UUIDs only."""
        if 0 < len(batch_ids) <= IDS_PER_CALL:
            return await self._of_chunk(ctx, batch_ids)
        slots = asyncio.Semaphore(CHUNKS_AT_A_TIME)

        async def in_turn(ids: Sequence[str]) -> Fetched[ClassInfos]:
            async with slots:
                return await self._of_chunk(ctx, ids)

        async with fan_out() as group:
            calls = [group.create_task(in_turn(ids)) for ids in _chunks(batch_ids)]
        return _merged([call.result() for call in calls])

    async def _of_chunk(self, ctx: RequestContext, ids: Sequence[str]) -> Fetched[ClassInfos]:
        return await self._infos.get(ctx, CLASS_INFO, {"batch_ids": ",".join(ids)})


def without_placeholder(decode: Callable[[bytes], Roster]) -> Callable[[bytes], Roster]:
    """A decoder of rosters that leaves out the student whom CMS's monitor adds."""

    def decode_real(body: bytes) -> Roster:
        roster = decode(body)
        return replace(roster, students=tuple(real_students(roster)))

    return decode_real


def _class_infos(body: bytes) -> ClassInfos:
    return {batch_id.lower(): info for batch_id, info in _decode_class_infos(body).items()}


class HttpStudents:
    def __init__(
        self,
        cms: ServiceClient,
        identity: ServiceIdentity,
        *,
        rosters: Operation,
        student_names: Operation,
        supersedes: frozenset[str] = frozenset(),
    ) -> None:
        """`supersedes` names the cached operations that the students of a batch replace."""
        service = Credentials(service=identity)
        self._roster = cms.endpoint(
            "roster",
            rosters,
            without_placeholder(
                JsonDecoder(Roster, rows="students", on_salvage=cms.salvaged("roster"))
            ),
            credentials=Credentials(user=True),
            subjects=lambda roster: [roster.class_id],
        )
        self._of_batch = cms.endpoint(
            "student_names",
            student_names,
            JsonDecoder(list[StudentOfEssay]),
            credentials=service,
            supersedes=supersedes,
        )
        self._of_essay = cms.endpoint(
            "student_of_essay",
            student_names,
            JsonDecoder(StudentOfEssay),
            credentials=service,
            absence=Absence(frozenset({404})),
            subjects=lambda found: [found.essay_id],
        )

    async def roster(self, ctx: RequestContext, class_id: str) -> Fetched[Roster]:
        return await self._roster.get(ctx, ("v1", "classes", class_id, "roster"))

    async def of_batch(self, ctx: RequestContext, batch_id: str) -> Fetched[list[StudentOfEssay]]:
        path = ("internal", "v1", "batches", batch_id, "student-names")
        return await self._of_batch.get(ctx, path)

    async def of_essay(self, ctx: RequestContext, essay_id: str) -> Fetched[StudentOfEssay | None]:
        path = ("internal", "v1", "associations", "essay", essay_id)
        return await self._of_essay.find(ctx, path)


class HttpAssociations:
    def __init__(self, cms: ServiceClient, *, associations: Operation, confirm: Operation) -> None:
        user = Credentials(user=True)
        page = JsonDecoder(
            AssociationPage, rows="associations", on_salvage=cms.salvaged("associations")
        )
        self._suggested = cms.endpoint("associations", associations, page, credentials=user)
        self._confirm = cms.endpoint(
            "confirm", confirm, JsonDecoder(ConfirmAnswer), credentials=user
        )

    async def suggested(self, ctx: RequestContext, batch_id: str) -> Fetched[AssociationPage]:
        path = ("v1", "batches", batch_id, "student-associations")
        return await self._suggested.get(ctx, path)

    async def confirm(
        self, ctx: RequestContext, batch_id: str, items: Iterable[ConfirmItem]
    ) -> None:
        path = ("v1", "batches", batch_id, "student-associations", "confirm")
        body = msgspec.json.encode(ConfirmBody(ctx.user_id, list(items)))
        await self._confirm.post(ctx, path, body)


class HttpReviews:
    def __init__(
        self, cms: ServiceClient, identity: ServiceIdentity, clock: Clock, *, validation: Operation
    ) -> None:
        service = Credentials(service=identity)
        self._statuses = cms.endpoint(
            "validation_status",
            validation,
            _validation_statuses,
            credentials=service,
            absence=Absence(frozenset(), of_route=True),
            subjects=lambda statuses: statuses,
        )
        self._rows = cms.endpoint(
            "review_rows",
            validation,
            JsonDecoder(
                AssociationPage, rows="associations", on_salvage=cms.salvaged("review_rows")
            ),
            credentials=Credentials(user=True),
        )
        self._students = cms.endpoint(
            "review_students", validation, JsonDecoder(list[StudentOfEssay]), credentials=service
        )
        self._no_statuses = AbsentRoute(clock)

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str], *, max_age: float | None = None
    ) -> Fetched[ValidationStatuses] | None:
        read = []
        for ids in _chunks(batch_ids):
            if self._no_statuses.is_remembered:
                return None
            params = {"batch_ids": ",".join(ids)}
            try:
                found = await self._statuses.get(ctx, VALIDATION_STATUS, params, max_age=max_age)
            except DownstreamRefused as error:
                if error.upstream_status == TOO_MANY_REQUESTS:
                    raise
                # Today's CMS has no such route, and may have no key for `/internal` either.
                self._no_statuses.remember()
                return None
            read.append(found)
        return _merged(read)

    async def rows_of(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[AssociationPage]:
        path = ("v1", "batches", batch_id, "student-associations")
        return await self._rows.get(ctx, path, max_age=max_age)

    async def students_of(
        self, ctx: RequestContext, batch_id: str, *, max_age: float | None = None
    ) -> Fetched[list[StudentOfEssay]]:
        path = ("internal", "v1", "batches", batch_id, "student-names")
        return await self._students.get(ctx, path, max_age=max_age)


def _validation_statuses(body: bytes) -> ValidationStatuses:
    return {batch_id.lower(): one for batch_id, one in _decode_statuses(body).items()}


def _chunks(batch_ids: Sequence[str]) -> list[Sequence[str]]:
    return [batch_ids[i : i + IDS_PER_CALL] for i in range(0, len(batch_ids), IDS_PER_CALL)]


def _merged(chunks: Sequence[Fetched[dict[str, T]]]) -> Fetched[dict[str, T]]:
    values = {batch_id: value for one in chunks for batch_id, value in one.value.items()}
    return combined(values, chunks)
