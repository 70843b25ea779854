"""Class management: `/v1` trusts the user id that is sent, `/internal` the service's key.

CMS does not check who may see a roster or a match; `ownership` and the screens do.
"""

from collections.abc import Iterable, Sequence

import msgspec

from bff_core.client import Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.composition import Fetched, fan_out
from bff_core.context import RequestContext
from bff_core.errors import DownstreamRefused
from bff_core.settings import Operation
from services.bff_teacher.contracts.cms import (
    AssociationPage,
    ClassInfos,
    ClassPage,
    ConfirmAnswer,
    ConfirmBody,
    ConfirmItem,
    Roster,
    StudentOfEssay,
)

IDS_PER_CALL = 50
"""Bounds the length of the URL; CMS itself sets no limit."""

# CMS redirects without the trailing slash, and redirects are not followed.
CLASSES = ("v1", "classes", "")
CLASS_INFO = ("internal", "v1", "batches", "class-info")


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
            "class_info",
            class_info,
            JsonDecoder(ClassInfos),
            credentials=Credentials(service=identity),
            subjects=lambda infos: infos,
        )

    async def page(self, ctx: RequestContext, *, limit: int, offset: int = 0) -> Fetched[ClassPage]:
        return await self._page.get(ctx, CLASSES, {"limit": limit, "offset": offset})

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[ClassInfos]:
        """CMS fails the whole call for one malformed id, so callers pass UUIDs only."""
        chunks = [batch_ids[i : i + IDS_PER_CALL] for i in range(0, len(batch_ids), IDS_PER_CALL)]
        async with fan_out() as group:
            calls = [
                group.create_task(self._infos.get(ctx, CLASS_INFO, {"batch_ids": ",".join(chunk)}))
                for chunk in chunks
            ]
        fetched = [call.result() for call in calls]
        infos: ClassInfos = {}
        for one in fetched:
            infos |= one.value
        age = max((one.age for one in fetched), default=0.0)
        return Fetched(infos, age, any(one.stale for one in fetched))


class HttpStudents:
    def __init__(
        self,
        cms: ServiceClient,
        identity: ServiceIdentity,
        *,
        rosters: Operation,
        student_names: Operation,
    ) -> None:
        service = Credentials(service=identity)
        self._roster = cms.endpoint(
            "roster",
            rosters,
            JsonDecoder(Roster, rows="students", on_salvage=cms.salvaged("roster")),
            credentials=Credentials(user=True),
            subjects=lambda roster: [roster.class_id],
        )
        self._of_batch = cms.endpoint(
            "student_names", student_names, JsonDecoder(list[StudentOfEssay]), credentials=service
        )
        self._of_essay = cms.endpoint(
            "student_of_essay",
            student_names,
            JsonDecoder(StudentOfEssay),
            credentials=service,
            subjects=lambda found: [found.essay_id],
        )

    async def roster(self, ctx: RequestContext, class_id: str) -> Fetched[Roster]:
        return await self._roster.get(ctx, ("v1", "classes", class_id, "roster"))

    async def of_batch(self, ctx: RequestContext, batch_id: str) -> Fetched[list[StudentOfEssay]]:
        path = ("internal", "v1", "batches", batch_id, "student-names")
        return await self._of_batch.get(ctx, path)

    async def of_essay(self, ctx: RequestContext, essay_id: str) -> Fetched[StudentOfEssay | None]:
        path = ("internal", "v1", "associations", "essay", essay_id)
        try:
            return await self._of_essay.get(ctx, path)
        except DownstreamRefused as error:
            if error.upstream_status == 404 and error.spoke_json:
                return Fetched(None)
            raise


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
