"""States of batches: the reads beside RAS's, each shared by all screens of a teacher."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from msgspec import structs

from bff_core.clock import Clock
from bff_core.composition import Fetched, Missing, Part, fan_out
from bff_core.context import RequestContext
from bff_core.errors import BffError, DownstreamError
from services.bff_teacher.confirmations.upload import BatchRecord, BatchRecords, KnownRecords
from services.bff_teacher.contracts.bos import PipelineState
from services.bff_teacher.contracts.cms import StudentOfEssay
from services.bff_teacher.contracts.files import LockStatus
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.events.model import NO_EVENTS, BatchEvents, KnownEvents
from services.bff_teacher.ports import Pipelines, Reviews
from services.bff_teacher.screens.parts import (
    DisabledParts,
    PartialRead,
    optional_from_ledger,
    read_each,
    value_of,
    worst,
)
from services.bff_teacher.truth.batch import NOTHING_TOLD, batch_truth
from services.bff_teacher.truth.facts import UNKNOWN, BatchTruth, Matching, Unknown
from services.bff_teacher.truth.sources import (
    has_begun,
    is_old_enough,
    matching_of_rows,
    matching_of_status,
    oldest_of,
    phases_of,
)

STATE_PARTS = frozenset({"phases", "validation"})
"""Parts without which nothing can be said of a batch's matches."""
SAME_WRITE = timedelta(seconds=2)
"""RAS's two times of one write differ by less."""


@dataclass(frozen=True, slots=True)
class BatchStates:
    """Facts of BOS, CMS, the ledger and events about batches; by batch id in lower case.

    `phases` and `validation` are None when they are disabled, `events` where none are read.
    `records` are of batches that have not begun.
    """

    phases: PartialRead[PipelineState | None] | None
    validation: PartialRead[Matching | None] | None
    records: KnownRecords | Missing = field(default_factory=KnownRecords)
    events: Part[Mapping[str, BatchEvents]] | None = None

    def truth_of(self, row: BatchSummary, file: LockStatus | Unknown = UNKNOWN) -> BatchTruth:
        """The state of a batch whose row was given to the read."""
        batch_id, records = row.batch_id.lower(), self.records
        state = self.phases.values.get(batch_id, UNKNOWN) if self.phases else UNKNOWN
        bos = state.pipeline_state if isinstance(state, PipelineState) else state
        cms = self.validation.values.get(batch_id, UNKNOWN) if self.validation else None
        events = (value_of(self.events) or {}).get(batch_id, NOTHING_TOLD)
        record: BatchRecord | None = None
        ledger: datetime | Unknown | None = UNKNOWN
        if not isinstance(records, Missing):
            record, ledger = records.by_batch.get(batch_id), records.confirmed_at.get(batch_id)
        if not _waits(cms):
            ledger = None
        truth = batch_truth(row, bos, file, cms, ledger, events=events, record=record)
        if self.validation is None and not has_begun(truth.phases):
            return structs.replace(truth, attention_known=False)
        return truth


@dataclass(frozen=True, slots=True)
class StateReads:
    """Reads what the states of batches need: BOS first, then CMS and the ledger.

    CMS and the ledger are read only for batches of which no phase has begun: afterwards no match
    waits for anyone. Either of the two steps ends within `budget` seconds. With `max_age`, nothing
    older in seconds is taken from a cache.
    """

    pipelines: Pipelines
    reviews: Reviews
    records: BatchRecords
    clock: Clock
    disabled: DisabledParts
    budget: float = 0.8
    max_age: float | None = None
    events: KnownEvents = NO_EVENTS

    async def read(
        self, ctx: RequestContext, rows: Sequence[BatchSummary], *, finished: bool = False
    ) -> BatchStates:
        """The states of the caller's own batches; never raises for a source that fails.

        Phases of batches that RAS calls finished are read with `finished`, or if RAS has changed
        the batch since; and so are the events of a batch.
        """
        if not rows:
            phases, validation = await self._phases(ctx, ()), await self._validation(ctx, ())
            return BatchStates(phases, validation, events=await self._events(ctx, ()))
        asked = [row.batch_id for row in rows if finished or may_run(row)]
        hurried = self._within_budget(ctx)
        async with fan_out() as group:
            events = group.create_task(self._events(hurried, asked))
            phases = await self._phases(hurried, asked)
            waiting = [row.batch_id for row in rows if phases and may_wait(row, phases)]
            hurried = self._within_budget(ctx)
            records_task = group.create_task(self._records(hurried, rows, waiting))
            validation = await self._validation(hurried, waiting)
        records = records_task.result()
        if validation and isinstance(records, Missing):
            matches = [validation.values.get(one.lower(), UNKNOWN) for one in waiting]
            if any(map(_waits, matches)):
                validation = PartialRead(validation.values, records)
        return BatchStates(phases, validation, records, events.result())

    def _within_budget(self, ctx: RequestContext) -> RequestContext:
        return replace(ctx, deadline=ctx.deadline.within(self.budget))

    async def _events(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Part[Mapping[str, BatchEvents]] | None:
        if not self.events.is_read:
            return None
        fresh = self.max_age == 0
        return await optional_from_ledger(
            self.disabled, "events", lambda: self.events.of_batches(ctx, batch_ids, fresh=fresh)
        )

    async def _phases(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> PartialRead[PipelineState | None] | None:
        if "phases" in self.disabled:
            return None
        return await read_each(
            batch_ids, lambda one: self.pipelines.of_batch(ctx, one, max_age=self.max_age)
        )

    async def _records(
        self, ctx: RequestContext, rows: Sequence[BatchSummary], waiting: Sequence[str]
    ) -> KnownRecords | Missing:
        """The records of those that wait; without them, less is refused before the platform does it.

        They are read for all rows, so that the titles of a page come by the same read.
        """
        if not waiting:
            return KnownRecords()
        ids, fresh = [row.batch_id for row in rows], self.max_age == 0
        try:
            found = await self.records.of_batches(ctx, ids, fresh=fresh)
        except BffError as error:
            return Missing(error.code)
        return found.value.only(waiting)

    async def _validation(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> PartialRead[Matching | None] | None:
        """Matches by batch: CMS's own counts where it has such a route, else its rows.

        None also without phases, as it is unknown then whether a match still waits.
        """
        if self.disabled & STATE_PARTS:
            return None
        if not batch_ids:
            return PartialRead({}, Fetched(None))
        try:
            counted = await self.reviews.of_batches(ctx, batch_ids, max_age=self.max_age)
        except DownstreamError as error:
            return PartialRead({}, Missing(error.code))
        if counted is None:
            return await read_each(batch_ids, lambda one: self._matching_of_rows(ctx, one))
        ids = [one.lower() for one in batch_ids]
        statuses = {one: matching_of_status(counted.value.get(one)) for one in ids}
        return PartialRead(statuses, counted.holding(None))

    async def _matching_of_rows(
        self, ctx: RequestContext, batch_id: str
    ) -> Fetched[Matching | None]:
        page = await self.reviews.rows_of(ctx, batch_id, max_age=self.max_age)
        oldest, now = oldest_of(page.value), self.clock.now()
        names: Sequence[StudentOfEssay] = ()
        if is_old_enough(oldest, now):
            students = await self.reviews.students_of(ctx, batch_id, max_age=self.max_age)
            names = students.value
        return page.holding(matching_of_rows(page.value, oldest, names, now))


def may_run(row: BatchSummary) -> bool:
    """False for a batch that RAS calls finished and has not changed since."""
    ended_at = row.processing_completed_at
    return ended_at is None or row.last_updated > ended_at + SAME_WRITE


def may_wait(row: BatchSummary, phases: PartialRead[PipelineState | None]) -> bool:
    """True for a batch of which BOS says that no phase has begun."""
    state = phases.values.get(row.batch_id.lower(), UNKNOWN)
    if row.processing_completed_at is not None or isinstance(state, Unknown):
        return False
    return state is None or not has_begun(phases_of(state.pipeline_state))


def _waits(matching: Matching | Unknown | None) -> bool:
    """True for matches that wait for the teacher, or may; only then does a confirmation count."""
    return matching is not None and (isinstance(matching, Unknown) or matching.pending != 0)


def state_parts(*states: BatchStates) -> dict[str, Part[None] | None]:
    """The parts of an answer that shows several reads of states."""
    return {
        "phases": worst([one.phases.part for one in states if one.phases]),
        "validation": worst([one.validation.part for one in states if one.validation]),
        "events": worst([one.events for one in states if one.events]),
    }
