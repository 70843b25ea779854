"""A batch that was created here, as the dashboard shows it, also before RAS lists it."""

from dataclasses import dataclass

from bff_core.context import RequestContext
from bff_core.errors import DownstreamError, NotFound
from services.bff_teacher.confirmations.creation import Creation
from services.bff_teacher.contracts.cms import ClassInfo
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.batch_creation_v1 import CreatedBatchV1
from services.bff_teacher.ownership import is_same_user
from services.bff_teacher.ports import CurrentFacts, Titles
from services.bff_teacher.screens.owned_batch import unlisted_batch
from services.bff_teacher.screens.parts import value_of
from services.bff_teacher.screens.rows.batches import dashboard_item, read_titles
from services.bff_teacher.screens.states import StateReads


@dataclass(frozen=True, slots=True)
class CreatedBatches:
    """Nothing is required: the batch is there, whatever the services say."""

    facts: CurrentFacts
    states: StateReads
    titles: Titles

    async def show(self, ctx: RequestContext, creation: Creation) -> CreatedBatchV1:
        """The batch as it is now; as RAS will list it until then, with our times."""
        batch_id = creation.batch_id or ""
        listed = await self._listed(ctx, batch_id)
        row = listed or unlisted_batch(
            batch_id,
            creation.user_id,
            made_at=creation.ended_at or creation.started_at,
            essay_count=creation.essay_count,
        )
        truth = (await self.states.read(ctx, [row])).truth_of(row)
        titles = value_of(await read_titles(frozenset(), self.titles, ctx, [batch_id]))
        return CreatedBatchV1(
            batch=dashboard_item(row, truth, _class_of(creation), titles),
            is_listed=listed is not None,
        )

    async def _listed(self, ctx: RequestContext, batch_id: str) -> BatchSummary | None:
        try:
            found = (await self.facts.batches.get(ctx, batch_id)).value
        except (NotFound, DownstreamError):
            return None
        return found if is_same_user(found.user_id, ctx.user_id) else None


def _class_of(creation: Creation) -> ClassInfo | None:
    if creation.class_id is None:
        return None
    return ClassInfo(creation.class_id, creation.class_name or "")
