"""A batch of the caller's: the owner is checked, and for a write its state is read anew."""

from dataclasses import dataclass, replace
from datetime import datetime

from bff_core.clock import Clock
from bff_core.composition import Fetched, required
from bff_core.context import RequestContext, UserId
from bff_core.errors import DownstreamFailed, NotAuthorized, NotFound
from services.bff_teacher.contracts.ras import BatchSummary, BatchWithEssays
from services.bff_teacher.ownership import require_own_batch
from services.bff_teacher.ports import OTHER_OWNER, Batches, CurrentFacts, Pipelines
from services.bff_teacher.screens.ids import require_uuids
from services.bff_teacher.screens.states import BatchStates, StateReads
from services.bff_teacher.truth.facts import BatchTruth


@dataclass(frozen=True, slots=True)
class OwnedBatch:
    """The caller's batch; `row` is RAS's, or a stand-in while only BOS knows the batch."""

    row: BatchSummary
    states: BatchStates

    @property
    def batch_id(self) -> str:
        """The id as its source spells it."""
        return self.row.batch_id

    @property
    def truth(self) -> BatchTruth:
        return self.states.truth_of(self.row)


async def read_own_batch(
    batches: Batches, ctx: RequestContext, batch_id: str, *, part: str
) -> Fetched[BatchWithEssays]:
    """A batch of the caller's; `part` names it in the answer.

    Raises:
        ValidationFailed: The id is no UUID.
        NotFound: RAS knows no such batch, or not yet.
        NotAuthorized: It is another teacher's.
        DownstreamError: RAS did not give it.
    """
    (batch_id,) = require_uuids(batch_id=batch_id)
    batch = await required(part, batches.get(ctx, batch_id))
    require_own_batch(batch.value.user_id, ctx.user_id, age=batch.age)
    return batch


def unlisted_batch(
    batch_id: str, user_id: UserId, *, made_at: datetime, essay_count: int = 0
) -> BatchSummary:
    """A new batch as RAS will list it."""
    return BatchSummary(
        batch_id=batch_id,
        user_id=user_id,
        overall_status="pending_content",
        essay_count=essay_count,
        completed_essay_count=0,
        failed_essay_count=0,
        created_at=made_at,
        last_updated=made_at,
    )


class OwnedBatches:
    """RAS gives the owner; of a batch that it does not know yet, BOS does."""

    def __init__(
        self, facts: CurrentFacts, pipelines: Pipelines, states: StateReads, clock: Clock
    ) -> None:
        self._facts = facts
        self._pipelines = pipelines
        self._states = replace(states, max_age=0.0)
        self._clock = clock

    async def read(self, ctx: RequestContext, batch_id: str) -> OwnedBatch:
        """The batch and its state, of which nothing comes from a cache.

        Raises:
            NotFound: Neither knows the batch.
            NotAuthorized: It is another teacher's.
            DownstreamError: Its owner could not be read.
        """
        try:
            found = await read_own_batch(self._facts.batches, ctx, batch_id, part="owner")
        except NotFound as error:
            if error.details.get("reason") != "not_yet_available":
                raise
            row = await self._unlisted(ctx, batch_id.lower())
        else:
            row = found.value
        return OwnedBatch(row, await self._states.read(ctx, [row], finished=True))

    async def _unlisted(self, ctx: RequestContext, batch_id: str) -> BatchSummary:
        """The batch as RAS will list it; BOS gives its owner, our own record its number of essays."""
        read = self._pipelines.of_batch(ctx, batch_id, max_age=0.0)
        try:
            state = (await required("owner", read)).value
        except DownstreamFailed as error:
            if error.reason == OTHER_OWNER:
                raise NotAuthorized from error
            raise
        if state is None or state.user_id is None:
            raise NotFound
        return unlisted_batch(batch_id, ctx.user_id, made_at=self._clock.now())
