"""States of batches: the reads beside RAS's, each shared by all screens of a teacher."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bff_core.clock import Clock
from bff_core.composition import Fetched, Missing, Part, fan_out
from bff_core.context import RequestContext
from bff_core.errors import BffError, DownstreamError
from services.bff_teacher.confirmations.model import ConfirmedBatches
from services.bff_teacher.confirmations.upload import BatchRecord, BatchRecords
from services.bff_teacher.contracts.bos import PipelineState
from services.bff_teacher.contracts.cms import StudentOfEssay
from services.bff_teacher.contracts.files import LockStatus
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.events.model import NO_EVENTS, BatchEvents, KnownEvents
from services.bff_teacher.ports import Pipelines, Reviews
from services.bff_teacher.screens.parts import DisabledParts, holding_none, value_of
from services.bff_teacher.screens.rows.events import known_facts
from services.bff_teacher.screens.side_by_side import PartialRead, read_each, worst
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
    """Facts of BOS, CMS and the ledger about batches; by batch id in lower case.

    `phases` and `validation` are None when they are disabled. `confirmed` is None when the ledger
    could not be read. `records` are of batches that have not begun, as far as they could be read.
    `events` are None where none are read.
    """

    phases: PartialRead[PipelineState | None] | None
    validation: PartialRead[Matching | None] | None
    confirmed: Mapping[str, datetime] | None = field(default_factory=dict)
    records: Mapping[str, BatchRecord] = field(default_factory=dict)
    events: Part[Mapping[str, BatchEvents]] | None = None

    def truth_of(self, row: BatchSummary, file: LockStatus | Unknown = UNKNOWN) -> BatchTruth:
        """The state of a batch whose row was given to the read."""
        batch_id = row.batch_id.lower()
        state = self.phases.values.get(batch_id, UNKNOWN) if self.phases else UNKNOWN
        bos = state.pipeline_state if isinstance(state, PipelineState) else state
        ledger = UNKNOWN if self.confirmed is None else self.confirmed.get(batch_id)
        events = (value_of(self.events) or {}).get(batch_id, NOTHING_TOLD)
        cms = self.validation.values.get(batch_id, UNKNOWN) if self.validation else None
        record = self.records.get(batch_id)
        truth = batch_truth(row, bos, file, cms, ledger, events=events, record=record)
        if self.validation is None and not has_begun(truth.phases):
            return replace(truth, attention_known=False)
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
    ledger: ConfirmedBatches
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
        asked = [row.batch_id for row in rows if finished or may_run(row)]
        async with fan_out() as group:
            events = group.create_task(
                known_facts(
                    self.events,
                    self.disabled,
                    self._within_budget(ctx),
                    asked,
                    fresh=self.max_age == 0,
                )
            )
            states = await self._read(ctx, rows, asked)
        return replace(states, events=events.result())

    async def _read(
        self, ctx: RequestContext, rows: Sequence[BatchSummary], asked: Sequence[str]
    ) -> BatchStates:
        """The states without the events; `asked` are the batches whose phases are read."""
        if "phases" in self.disabled:
            # Without phases it is unknown whether a match still waits.
            return BatchStates(None, None)
        hurried = self._within_budget(ctx)
        phases = await read_each(
            asked, lambda one: self.pipelines.of_batch(hurried, one, max_age=self.max_age)
        )
        waiting = [row.batch_id for row in rows if may_wait(row, phases)]
        hurried = self._within_budget(ctx)
        if "validation" in self.disabled:
            return BatchStates(phases, None, records=await self._records(hurried, waiting))
        async with fan_out() as group:
            records = group.create_task(self._records(hurried, waiting))
            validation = await self._validation(hurried, waiting)
        to_confirm = [
            one.lower() for one in waiting if _pending(validation.values.get(one.lower(), UNKNOWN))
        ]
        try:
            confirmed = await self.ledger.confirmed(hurried, to_confirm) if to_confirm else {}
        except BffError as error:
            missing = PartialRead(validation.values, Missing(error.code))
            return BatchStates(phases, missing, None, records.result())
        return BatchStates(phases, validation, confirmed, records.result())

    async def _records(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> Mapping[str, BatchRecord]:
        """The records kept here; without them, less is refused before the platform refuses it."""
        try:
            return await self.records.of_batches(ctx, batch_ids, fresh=self.max_age == 0)
        except BffError:
            return {}

    def _within_budget(self, ctx: RequestContext) -> RequestContext:
        return replace(ctx, deadline=ctx.deadline.within(self.budget))

    async def _validation(
        self, ctx: RequestContext, batch_ids: Sequence[str]
    ) -> PartialRead[Matching | None]:
        """Matches by batch: CMS's own counts where it has such a route, else its rows."""
        if not batch_ids:
            return PartialRead({}, Fetched(None))
        try:
            counted = await self.reviews.of_batches(ctx, batch_ids, max_age=self.max_age)
        except DownstreamError as error:
            return PartialRead({}, Missing(error.code))
        if counted is None:
            return await read_each(batch_ids, lambda one: self._matching_of_rows(ctx, one))
        statuses = {
            one.lower(): matching_of_status(counted.value.get(one.lower())) for one in batch_ids
        }
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


def _pending(matching: Matching | Unknown | None) -> bool:
    return matching is not None and (isinstance(matching, Unknown) or matching.pending != 0)


def state_parts(*states: BatchStates) -> dict[str, Part[None] | None]:
    """The parts of an answer that shows several reads of states."""
    phases = [one.phases.part for one in states if one.phases]
    validation = [one.validation.part for one in states if one.validation]
    events = [holding_none(one.events) for one in states if one.events]
    return {
        "phases": worst(*phases),
        "validation": worst(*validation),
        "events": worst(*events),
    }
