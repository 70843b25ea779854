"""Screen 4, continued: ending the review of a batch, once, and never by accident."""

from dataclasses import replace
from datetime import timedelta

import structlog

from bff_core.clock import Clock
from bff_core.composition import WithHeaders, fan_out, required
from bff_core.context import RequestContext
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    NotFound,
    Unavailable,
)
from services.bff_teacher.contracts.cms_associations import ConfirmItem
from services.bff_teacher.contracts.ras_batch import BatchWithEssays
from services.bff_teacher.dto.associations_v1 import (
    AssociationConfirmRequestV1,
    AssociationConfirmResultV1,
)
from services.bff_teacher.ownership import require_own_batch
from services.bff_teacher.protocols import (
    Associations,
    Attempt,
    Confirmations,
    CurrentFacts,
    Outcome,
)
from services.bff_teacher.screens.decisions import (
    canonical,
    require_complete,
    require_distinct,
    result_of,
    settled,
)
from services.bff_teacher.screens.ids import checked
from services.bff_teacher.screens.rosters import own_pupils

REPLAYED = {"Idempotent-Replay": "true"}
LEAST_SECONDS = 1.0
"""With less left, an irreversible call is not begun: its end could not be waited for."""
_NEVER_LEFT = frozenset(
    {
        "no_time_left",
        "ClientConnectorError",
        "ClientConnectorDNSError",
        "ConnectionTimeoutError",
    }
)

log = structlog.get_logger()
Answer = WithHeaders[AssociationConfirmResultV1]


class ConfirmScreen:
    """Everything is required. The ledger is asked first, then RAS, then CMS twice side by side.

    At the source a confirmation cannot be taken back, is not stored, and counts again each time:
    so an intent is written down before the call and its result after. `lease` is how long an
    attempt without a result counts as running.
    """

    def __init__(
        self,
        facts: CurrentFacts,
        associations: Associations,
        ledger: Confirmations,
        clock: Clock,
        lease: timedelta,
    ) -> None:
        self._facts = facts
        self._associations = associations
        self._ledger = ledger
        self._clock = clock
        self._lease = lease

    async def confirm(
        self,
        ctx: RequestContext,
        batch_id: str,
        request: AssociationConfirmRequestV1,
        key: str | None,
    ) -> Answer:
        """Confirm, or give again what was confirmed.

        Raises:
            ValidationFailed: The decisions are not complete or contradict each other.
            NotFound: The batch, an essay or a student is not among the teacher's.
            NotAuthorized: The batch is somebody else's.
            Conflict: Something else was confirmed, is being confirmed, or may have been.
            Unavailable: The ledger cannot be used; nothing was done.
            DownstreamError: RAS or CMS let us down; `details.outcome` says what is known.
        """
        (batch_id,) = checked(batch_id=batch_id)
        require_distinct(request)
        latest = await self._ledger.latest(batch_id)
        batch = await required("owner", self._facts.batches.one(ctx, batch_id))
        require_own_batch(batch.value.user_id, ctx.user_id)
        wanted = self._wanted(ctx, batch_id, request, key)
        replay = settled(latest, wanted, lease=self._lease)
        if replay is not None:
            return WithHeaders(replay, REPLAYED)
        await self._require_complete(ctx, batch.value, request)
        return await self._begin(ctx, wanted, latest)

    def _wanted(
        self,
        ctx: RequestContext,
        batch_id: str,
        request: AssociationConfirmRequestV1,
        key: str | None,
    ) -> Attempt:
        return Attempt(
            batch_id=batch_id,
            number=1,
            user_id=ctx.user_id,
            decisions=canonical(request),
            key=key,
            forced=request.force,
            started_at=self._clock.now(),
        )

    async def _require_complete(
        self, ctx: RequestContext, batch: BatchWithEssays, request: AssociationConfirmRequestV1
    ) -> None:
        ask = self._associations.suggested(ctx, batch.batch_id)
        roster = own_pupils(self._facts.classes, self._facts.students, ctx)
        async with fan_out() as group:
            rows = group.create_task(required("associations", ask))
            pupils = group.create_task(required("roster", roster))
        if rows.result().value.skipped:
            # What must be decided is not known in full, and a confirmation ends the review of all.
            raise DownstreamFailed("cms", reason="unreadable_rows").naming_part("associations")
        to_decide = {row.essay_id.lower() for row in rows.result().value.associations}
        if not to_decide:
            raise NotFound(details={"reason": "nothing_to_review"})
        known = to_decide | {essay.essay_id.lower() for essay in batch.essays}
        require_complete(request, to_decide=to_decide, known=known, pupils=pupils.result().value)

    async def _begin(self, ctx: RequestContext, wanted: Attempt, latest: Attempt | None) -> Answer:
        if ctx.deadline.left() < LEAST_SECONDS:
            raise DownstreamTimeout("cms", reason="no_time_left").naming_part("confirm")
        now = self._clock.now()
        attempt = replace(
            wanted,
            number=latest.number + 1 if latest else 1,
            # Only what stood in the way was forced.
            forced=wanted.forced and latest is not None and latest.outcome != Outcome.NOT_SENT,
            started_at=now,
        )
        if await self._ledger.begin(attempt):
            return WithHeaders(result_of(await self._carry_out(ctx, attempt)))
        overtaken = settled(
            await self._ledger.latest(wanted.batch_id),
            replace(wanted, forced=False, started_at=now),
            lease=self._lease,
        )
        if overtaken is None:
            raise Unavailable(details={"reason": "overtaken"}, retry_after=1.0)
        return WithHeaders(overtaken, REPLAYED)

    async def _carry_out(self, ctx: RequestContext, attempt: Attempt) -> Attempt:
        items = [
            ConfirmItem(essay_id, student_id, confirmed=student_id is not None)
            for essay_id, student_id in attempt.decisions
        ]
        try:
            await self._associations.confirm(ctx, attempt.batch_id, items)
        except DownstreamError as error:
            outcome = Outcome.NOT_SENT if never_acted(error) else Outcome.UNKNOWN
            await self._end(attempt, outcome)
            error.details["outcome"] = outcome.value
            raise error.naming_part("confirm") from error.__cause__
        return await self._end(attempt, Outcome.CONFIRMED)

    async def _end(self, attempt: Attempt, outcome: Outcome) -> Attempt:
        """Write the end down. When that fails, the intent stands and means `unknown` in time."""
        now = self._clock.now()
        try:
            return await self._ledger.end(attempt, outcome, now)
        except Unavailable as away:
            # Which failure of the database it was stands in the fields; a trace would add nothing.
            log.error("confirmation_not_recorded", outcome=outcome.value, **away.fields)  # noqa: TRY400
            return replace(attempt, outcome=outcome, ended_at=now)


def never_acted(error: DownstreamError) -> bool:
    """Whether CMS cannot have confirmed anything: it was not asked, or it refused."""
    refused = isinstance(error, CircuitOpen | DownstreamSaturated | DownstreamRefused)
    return refused or error.reason in _NEVER_LEFT
