"""The review of matches at class management, which checks nobody's right to it."""

from collections.abc import Iterable

import msgspec

from bff_core.client import Credentials, JsonDecoder, ServiceClient
from bff_core.composition import Fetched
from bff_core.context import RequestContext
from bff_core.settings import Operation
from services.bff_teacher.contracts.cms_associations import (
    AssociationPage,
    ConfirmAnswer,
    ConfirmBody,
    ConfirmItem,
)


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
        return await self._suggested.get(ctx, _path(batch_id))

    async def confirm(
        self, ctx: RequestContext, batch_id: str, items: Iterable[ConfirmItem]
    ) -> None:
        body = msgspec.json.encode(ConfirmBody(ctx.user_id, list(items)))
        await self._confirm.post(ctx, (*_path(batch_id), "confirm"), body)


def _path(batch_id: str) -> tuple[str, ...]:
    return ("v1", "batches", batch_id, "student-associations")
