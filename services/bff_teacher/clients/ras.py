"""The results aggregator: it checks which service calls, and gives it every user's data.

`ownership` checks the owner of what it gives.
"""

from bff_core.client import Absence, Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.clock import Clock
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.errors import DownstreamRefused, NotFound
from bff_core.settings import Operation
from services.bff_teacher.clients.absent_route import AbsentRoute
from services.bff_teacher.contracts.ras import BatchPage, BatchWithEssays, OwnedEssay

BATCHES = frozenset({"user_batches", "batch", "essay"})
"""Operations that read the current state of batches."""
CLASS_ACTIVITY = "class_activity"
NEWEST = 100


class HttpResults:
    def __init__(
        self,
        ras: ServiceClient,
        identity: ServiceIdentity,
        *,
        user_list: Operation,
        class_activity: Operation,
        supersedes: frozenset[str] = frozenset(),
    ) -> None:
        """`supersedes` names the cached operations that a page replaces."""
        service = Credentials(service=identity)
        page = JsonDecoder(BatchPage, rows="batches", on_salvage=ras.salvaged("user_batches"))
        self._page = ras.endpoint(
            "user_batches",
            user_list,
            page,
            credentials=service,
            supersedes=supersedes,
            subjects=_owners,
        )
        self._activity = ras.endpoint(
            CLASS_ACTIVITY, class_activity, page, credentials=service, subjects=_owners
        )

    async def page(
        self, ctx: RequestContext, *, limit: int, offset: int, status: str | None = None
    ) -> Fetched[BatchPage]:
        params: dict[str, str | int] = {"limit": limit, "offset": offset}
        if status is not None:
            params["status"] = status
        return await self._page.get(ctx, _batches_of(ctx), params)

    async def newest(self, ctx: RequestContext) -> Fetched[BatchPage]:
        return await self._activity.get(ctx, _batches_of(ctx), {"limit": NEWEST, "offset": 0})


def _owners(page: BatchPage) -> set[str]:
    return {batch.user_id for batch in page.batches}


def _batches_of(ctx: RequestContext) -> tuple[str, ...]:
    return ("internal", "v1", "batches", "user", ctx.user_id)


class HttpBatches:
    def __init__(
        self,
        ras: ServiceClient,
        identity: ServiceIdentity,
        clock: Clock,
        *,
        one_batch: Operation,
        one_essay: Operation,
        supersedes: frozenset[str] = frozenset(),
    ) -> None:
        """`supersedes` names the cached operations that a batch replaces."""
        service = Credentials(service=identity)
        batch = JsonDecoder(BatchWithEssays, rows="essays", on_salvage=ras.salvaged("batch"))
        # For an id that RAS lacks it calls another service, so any caller can make it fail.
        self._batch = ras.endpoint(
            "batch",
            one_batch,
            batch,
            credentials=service,
            user_triggerable=True,
            supersedes=supersedes,
            subjects=lambda found: [found.batch_id],
        )
        essay = JsonDecoder(OwnedEssay, on_salvage=ras.salvaged("essay"))
        self._essay = ras.endpoint(
            "essay",
            one_essay,
            essay,
            credentials=service,
            absence=Absence(frozenset(), of_route=True),
            subjects=lambda found: [found.batch_id, found.essay_id],
        )
        self._no_essay_route = AbsentRoute(clock)

    async def get(self, ctx: RequestContext, batch_id: str) -> Fetched[BatchWithEssays]:
        """RAS compares ids with case; nearly all of its own are in lower case."""
        try:
            return await self._get(ctx, batch_id)
        except NotFound:
            if batch_id == batch_id.lower():
                raise
        return await self._get(ctx, batch_id.lower())

    async def _get(self, ctx: RequestContext, batch_id: str) -> Fetched[BatchWithEssays]:
        try:
            return await self._batch.get(ctx, ("internal", "v1", "batches", batch_id, "status"))
        except DownstreamRefused as error:
            if not error.spoke_json or error.upstream_status not in {400, 404}:
                raise
            # RAS answers 400 for a batch that other services know and RAS does not yet.
            too_early = error.upstream_status == 400
            details = {"reason": "not_yet_available"} if too_early else None
            raise NotFound(details=details) from error

    async def get_essay(
        self, ctx: RequestContext, batch_id: str, essay_id: str
    ) -> Fetched[OwnedEssay] | None:
        if self._no_essay_route.is_remembered:
            return None
        path = ("internal", "v1", "batches", batch_id, "essays", essay_id)
        try:
            return await self._essay.get(ctx, path)
        except DownstreamRefused as error:
            if error.upstream_status != 404:
                raise
            # A 404 in HTML comes from the router: this release of RAS has no such route.
            if not error.spoke_json:
                self._no_essay_route.remember()
            return None
