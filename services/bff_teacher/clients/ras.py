"""The results aggregator: it checks which service asks, and trusts it with every user's data."""

from bff_core.client import Credentials, JsonDecoder, ServiceClient, ServiceIdentity
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Operation
from services.bff_teacher.contracts.ras import AWAITING_REVIEW, BatchPage

NEWEST = 100
_NEWEST = {"limit": NEWEST, "offset": 0}


class HttpResults:
    def __init__(
        self,
        ras: ServiceClient,
        identity: ServiceIdentity,
        *,
        user_list: Operation,
        class_activity: Operation,
    ) -> None:
        service = Credentials(service=identity)
        page = JsonDecoder(
            BatchPage, rows="batches", strip="essays", on_salvage=ras.salvaged("user_batches")
        )
        self._page = ras.endpoint("user_batches", user_list, page, credentials=service)
        self._activity = ras.endpoint("class_activity", class_activity, page, credentials=service)

    async def batches(
        self, ctx: RequestContext, *, limit: int, offset: int, word: str | None = None
    ) -> Fetched[BatchPage]:
        params: dict[str, str | int] = {"limit": limit, "offset": offset}
        return await self._page.get(ctx, _of(ctx), params | ({"status": word} if word else {}))

    async def newest(self, ctx: RequestContext) -> Fetched[BatchPage]:
        return await self._activity.get(ctx, _of(ctx), _NEWEST)

    def newest_at_hand(self, ctx: RequestContext) -> Fetched[BatchPage] | None:  # noqa: ARG002 - the port's.
        return None

    async def awaiting_review(self, ctx: RequestContext) -> Fetched[BatchPage]:
        params: dict[str, str | int] = {"limit": NEWEST, "offset": 0, "status": AWAITING_REVIEW}
        return await self._activity.get(ctx, _of(ctx), params)


def _of(ctx: RequestContext) -> tuple[str, ...]:
    return ("internal", "v1", "batches", "user", ctx.user_id)
