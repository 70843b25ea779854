"""The batch of a write, with its owner checked and its state read anew."""

from dataclasses import dataclass, replace
from datetime import datetime

from bff_core.clock import Clock, as_utc
from bff_core.composition import Fetched, required
from bff_core.context import RequestContext
from bff_core.errors import DownstreamFailed, NotAuthorized, NotFound
from services.bff_teacher.contracts.ras import BatchSummary, BatchWithEssays
from services.bff_teacher.ownership import require_own_batch
from services.bff_teacher.ports import OTHER_OWNER, CurrentFacts, Pipelines
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
        (batch_id,) = require_uuids(batch_id=batch_id)
        try:
            found: Fetched[BatchWithEssays] = await required(
                "owner", self._facts.batches.get(ctx, batch_id)
            )
        except NotFound as error:
            if error.details.get("reason") != "not_yet_available":
                raise
            row: BatchSummary = await self._unlisted(ctx, batch_id.lower())
        else:
            require_own_batch(found.value.user_id, ctx.user_id)
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
        now: datetime = as_utc(self._clock.now())
        return BatchSummary(
            batch_id=batch_id,
            user_id=ctx.user_id,
            overall_status="pending_content",
            essay_count=0,
            completed_essay_count=0,
            failed_essay_count=0,
            created_at=now,
            last_updated=now,
        )
