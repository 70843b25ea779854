"""Class management: `/v1` believes the user id that we send, `/internal` the service's key."""

from collections.abc import Sequence

from bff_core.client import Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.composition import Fetched, fan_out
from bff_core.context import RequestContext
from bff_core.settings import Operation
from services.bff_teacher.contracts.cms import ClassInfos, ClassPage

IDS_A_CALL = 50
"""CMS sets no limit; the length of a URL does."""

# CMS redirects without the trailing slash, and we follow no redirects.
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
        page = JsonDecoder(ClassPage, rows="classes", on_salvage=cms.salvaged("classes"))
        self._page = cms.endpoint("classes", class_list, page, credentials=Credentials(user=True))
        self._infos = cms.endpoint(
            "class_info",
            class_info,
            JsonDecoder(ClassInfos),
            credentials=Credentials(service=identity),
        )

    async def of_teacher(
        self, ctx: RequestContext, *, limit: int, offset: int = 0
    ) -> Fetched[ClassPage]:
        return await self._page.get(ctx, CLASSES, {"limit": limit, "offset": offset})

    async def of_batches(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Fetched[ClassInfos]:
        """One bad id fails a whole call at the source, so callers pass UUIDs only."""
        if 0 < len(batch_ids) <= IDS_A_CALL:
            return await self._infos_of(ctx, batch_ids)
        chunks = [batch_ids[i : i + IDS_A_CALL] for i in range(0, len(batch_ids), IDS_A_CALL)]
        async with fan_out() as group:
            calls = [group.create_task(self._infos_of(ctx, chunk)) for chunk in chunks]
        return _merged([call.result() for call in calls])

    async def _infos_of(self, ctx: RequestContext, ids: Sequence[str]) -> Fetched[ClassInfos]:
        return await self._infos.get(ctx, CLASS_INFO, {"batch_ids": ",".join(ids)})


def _merged(readings: Sequence[Fetched[ClassInfos]]) -> Fetched[ClassInfos]:
    infos: ClassInfos = {}
    for reading in readings:
        infos |= reading.value
    age = max((reading.age for reading in readings), default=0.0)
    return Fetched(infos, age, any(reading.stale for reading in readings))
