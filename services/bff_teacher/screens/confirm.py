"""Screen 4, continued: ending the review of a batch once, and never by accident."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bff_core.clock import Clock
from bff_core.composition import REPLAYED, WithHeaders, fan_out, required
from bff_core.context import RequestContext
from bff_core.errors import (
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    NotFound,
    Unavailable,
)
from services.bff_teacher.confirmations.model import (
    LEAST_CALL,
    Attempt,
    Confirmations,
    ConfirmOutcome,
)
from services.bff_teacher.contracts.cms import ConfirmItem
from services.bff_teacher.contracts.ras import BatchWithEssays
from services.bff_teacher.dto.associations_v1 import (
    AssociationConfirmRequestV1,
    AssociationConfirmResultV1,
)
from services.bff_teacher.ownership import require_own_batch
from services.bff_teacher.ports import Associations, BatchWrites, CurrentFacts
from services.bff_teacher.screens.decisions import (
    canonical,
    require_complete,
    require_distinct,
    require_known,
    result_of,
    result_to_replay,
    spelled_by,
    suggestions_unknown,
)
from services.bff_teacher.screens.ids import require_uuids
from services.bff_teacher.screens.rows.batches import require_allowed
from services.bff_teacher.screens.rows.classes import OwnStudents, read_own_students
from services.bff_teacher.screens.states import STATE_PARTS, StateReads

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ConfirmTimeouts:
    """Times in seconds.

    `lease` is the time for which an attempt without an outcome counts as running, `ledger` bounds
    one use of the ledger, and with less than `least_call` left, CMS is not called.
    """

    lease: float
    ledger: float
    least_call: float = LEAST_CALL

    @property
    def least_time(self) -> float:
        """The time that an attempt needs from its intent on: the ledger's, then the call's."""
        return self.ledger + self.least_call


class ConfirmScreen:
    """Everything is required. RAS is read first, then the ledger, then CMS and the state at once.

    The ledger has few connections: a batch that is not the teacher's costs none of them. It is read
    before CMS, so that an attempt in between is noticed by its number.

    CMS cannot take a confirmation back, does not store it, and acts again on each repeat. So an
    intent is written to the ledger before the call, and its outcome after it.
    """

    def __init__(
        self,
        *,
        facts: CurrentFacts,
        associations: Associations,
        states: StateReads,
        ledger: Confirmations,
        writes: BatchWrites,
        clock: Clock,
        timeouts: ConfirmTimeouts,
    ) -> None:
        self._facts = facts
        self._associations = associations
        self._states = replace(states, max_age=0.0)
        self._ledger = ledger
        self._writes = writes
        self._clock = clock
        self._timeouts = timeouts
        self._lease = timedelta(seconds=timeouts.lease)

    async def confirm(
        self,
        ctx: RequestContext,
        batch_id: str,
        request: AssociationConfirmRequestV1,
        key: str | None,
    ) -> WithHeaders[AssociationConfirmResultV1]:
        """Confirm, or repeat the earlier result.

        Raises:
            ValidationFailed: The decisions are not complete or contradict each other.
            NotFound: The batch, an essay or a student is not among the teacher's.
            NotAuthorized: The batch is another teacher's.
            Conflict: Something else was confirmed, is being confirmed, or may have been; it is not
                known whom the suggestions name; or the batch is not in review.
            RateLimited: Too many confirmations of the teacher wait for the ledger.
            Unavailable: The ledger cannot be used; nothing was done.
            DownstreamError: RAS or CMS failed; `details.outcome` is the outcome of the attempt.
        """
        (batch_id,) = require_uuids(batch_id=batch_id)
        require_distinct(request)
        batch = await required("owner", self._facts.batches.get(ctx, batch_id))
        require_own_batch(batch.value.user_id, ctx.user_id)
        # The ledger knows a batch by one spelling, whatever the caller's.
        latest = await self._ledger.latest(batch_id.lower(), ctx.user_id)
        wanted = Attempt(
            batch_id=batch_id.lower(),
            number=latest.number + 1 if latest else 1,
            user_id=ctx.user_id,
            decisions=canonical(request),
            key=key,
            forced=request.force,
            started_at=self._clock.now(),
        )
        spelled_id = batch.value.batch_id
        if replay := result_to_replay(latest, wanted, batch_id=spelled_id, lease=self._lease):
            return WithHeaders(replay, REPLAYED)
        spellings = await self._require_complete(ctx, batch.value, request)
        wanted = replace(wanted, decisions=spelled_by(wanted.decisions, spellings))
        return await self._attempt(ctx, spelled_id, wanted, latest)

    async def _require_complete(
        self, ctx: RequestContext, batch: BatchWithEssays, request: AssociationConfirmRequestV1
    ) -> Mapping[str, str]:
        """Require it; the spellings of CMS, else of RAS, of the ids of essays and students."""
        suggested = self._associations.suggested(ctx, batch.batch_id)
        async with fan_out() as group:
            states_task = group.create_task(self._states.read(ctx, [batch]))
            rows_task = group.create_task(required("associations", suggested))
            own_task = group.create_task(self._own_students(ctx))
        rows = rows_task.result().value
        if rows.skipped:
            # A confirmation ends the review of all essays, also of those in unreadable rows.
            raise DownstreamFailed("cms", reason="unreadable_rows").naming_part("associations")
        to_decide = {row.essay_id.lower() for row in rows.associations}
        if not to_decide:
            raise NotFound(details={"reason": "nothing_to_review"})
        if not self._states.disabled & STATE_PARTS:
            require_allowed("review_matches", states_task.result().truth_of(batch))
        essays = {essay.essay_id.lower(): essay.essay_id for essay in batch.essays}
        essays |= {row.essay_id.lower(): row.essay_id for row in rows.associations}
        own = own_task.result()
        students_by_essay = {
            row.essay_id.lower(): row.suggested_student_id.lower() for row in rows.associations
        }
        require_known(request, students_by_essay, own)
        require_complete(request, to_decide=to_decide, known=essays, students=own.members)
        return essays | {key: one.student.student_id for key, one in own.members.items()}

    async def _own_students(self, ctx: RequestContext) -> OwnStudents:
        """Without the rosters it is unknown what a decision decides, which is the caller's to know.

        Raises:
            Conflict: CMS did not give them.
        """
        try:
            own = await read_own_students(self._facts.classes, self._facts.students, ctx)
        except DownstreamError as error:
            raise suggestions_unknown(part="roster", code=error.code) from error
        return own.value

    async def _attempt(
        self, ctx: RequestContext, batch_id: str, wanted: Attempt, latest: Attempt | None
    ) -> WithHeaders[AssociationConfirmResultV1]:
        """Write the intent, call CMS, write the outcome; or repeat the result of a faster attempt."""
        if ctx.deadline.left() < self._timeouts.least_time:
            raise DownstreamTimeout("cms", reason="no_time_left", sent=False).naming_part("confirm")
        now = self._clock.now()
        # Only an attempt that stands in the way is overridden.
        forced = wanted.forced and latest is not None and latest.outcome != ConfirmOutcome.NOT_SENT
        attempt = replace(wanted, forced=forced, started_at=now)
        if await self._ledger.begin(attempt):
            # What is sent is recorded, whether or not the caller waits for it.
            done = await self._writes.finish(self._carry_out(ctx, batch_id, attempt))
            return WithHeaders(result_of(done, batch_id))
        faster = await self._ledger.latest(wanted.batch_id, ctx.user_id)
        unforced = replace(attempt, forced=False)
        replay = result_to_replay(faster, unforced, batch_id=batch_id, lease=self._lease)
        if replay is None:
            raise Unavailable(details={"reason": "overtaken"}, retry_after=1.0)
        return WithHeaders(replay, REPLAYED)

    async def _carry_out(self, ctx: RequestContext, batch_id: str, attempt: Attempt) -> Attempt:
        items = [
            ConfirmItem(essay_id, student_id, confirmed=student_id is not None)
            for essay_id, student_id in attempt.decisions
        ]
        try:
            await self._associations.confirm(ctx, batch_id, items)
        except DownstreamError as error:
            # A refused request was sent, and changed nothing.
            unchanged = not error.sent or isinstance(error, DownstreamRefused)
            outcome = ConfirmOutcome.NOT_SENT if unchanged else ConfirmOutcome.UNKNOWN
            await self._end(attempt, outcome)
            if outcome is ConfirmOutcome.UNKNOWN:
                await self._writes.written(ctx.user_id)
            error.details["outcome"] = outcome.value
            raise error.naming_part("confirm") from error.__cause__
        ended = await self._end(attempt, ConfirmOutcome.CONFIRMED)
        await self._writes.written(ctx.user_id)
        return ended

    async def _end(self, attempt: Attempt, outcome: ConfirmOutcome) -> Attempt:
        """Write the outcome. If that fails, the intent stays, and means unknown after the lease."""
        now = self._clock.now()
        try:
            return await self._ledger.end(attempt, outcome, now)
        except Unavailable as error:
            # The class of the database's failure says enough; a traceback would add nothing.
            cause = error.fields.get("error")
            log.error("confirmation_not_recorded", outcome=outcome.value, error=cause)  # noqa: TRY400
            return replace(attempt, outcome=outcome, ended_at=now)
