"""A new batch: made once, however often its submission is sent."""

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from bff_core.clock import Clock
from bff_core.composition import REPLAYED, WithHeaders, required
from bff_core.context import RequestContext
from bff_core.errors import (
    Conflict,
    DownstreamError,
    DownstreamRefused,
    DownstreamTimeout,
    PreconditionRequired,
    Unavailable,
)
from services.bff_teacher.confirmations.creation import Creation, CreationOutcome, Creations
from services.bff_teacher.contracts.platform_gateway import Registration, prompt_reference
from services.bff_teacher.dto.batch_creation_v1 import BatchCreationV1, CreatedBatchV1
from services.bff_teacher.ports import BatchWrites, CurrentFacts, Texts
from services.bff_teacher.ports.workflow import Registrations
from services.bff_teacher.screens.created_batch import CreatedBatches
from services.bff_teacher.screens.lost_batch import find_lost_batch
from services.bff_teacher.screens.rows.classes import find_own_class

LEAST_CALL = 1.0
"""Seconds; with less time left, nothing is sent, because no answer could be awaited."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WriteTimeouts:
    """Times in seconds: `lease` is that for which a write without an outcome counts as running."""

    lease: float
    least_call: float = LEAST_CALL


class CreateBatchScreen:
    """Everything is required. The class is checked before the ledger keeps the intent.

    The platform makes another batch at each registration. So the intent is written before, and the
    batch after it; between the two, the same key finds the batch that was made, or none.
    Instructions are stored first and part of the registration: either both are there or neither.
    """

    def __init__(
        self,
        *,
        facts: CurrentFacts,
        texts: Texts,
        registrations: Registrations,
        ledger: Creations,
        created: CreatedBatches,
        writes: BatchWrites,
        clock: Clock,
        timeouts: WriteTimeouts,
    ) -> None:
        self._facts = facts
        self._texts = texts
        self._registrations = registrations
        self._ledger = ledger
        self._created = created
        self._writes = writes
        self._clock = clock
        self._timeouts = timeouts
        self._lease = timedelta(seconds=timeouts.lease)

    async def create(
        self, ctx: RequestContext, request: BatchCreationV1, key: str | None
    ) -> WithHeaders[CreatedBatchV1]:
        """Create the batch, or answer the one that this submission has made.

        Raises:
            PreconditionRequired: The request does not name its submission.
            NotFound: The class is none of the teacher's.
            Conflict: The key belongs to another request, its submission is being carried out, or
                it is not known whether it made a batch.
            RateLimited, Unavailable: The ledger cannot be used; nothing was done.
            DownstreamError: A service failed; `details.outcome` says whether a batch may exist.
        """
        if key is None:
            raise PreconditionRequired("Name the submission with Idempotency-Key")
        before = await self._ledger.find(ctx.user_id, key)
        if before and (settled := await self._settle(ctx, before, request)):
            return WithHeaders(await self._created.show(ctx, settled), REPLAYED)
        wanted = await self._wanted(ctx, request, key)
        if before is not None:
            # Instructions that are stored already are not stored twice.
            wanted = replace(wanted, storage_id=before.storage_id)
        taken = self._ledger.advance(before, wanted) if before else self._ledger.begin(wanted)
        if not await taken:
            raise _in_progress()
        # What is sent is recorded, whether or not the caller waits for it.
        made = await self._writes.finish(self._carry_out(ctx, request, wanted))
        return WithHeaders(await self._created.show(ctx, made))

    async def _settle(
        self, ctx: RequestContext, before: Creation, request: BatchCreationV1
    ) -> Creation | None:
        """The creation of an earlier attempt; None when this one may be carried out."""
        if before.fingerprint != _fingerprint(request):
            message = "This Idempotency-Key belongs to another request"
            raise Conflict(message, details={"reason": "idempotency_key_reused"})
        if before.outcome is CreationOutcome.CREATED:
            return before
        if before.outcome is CreationOutcome.NOT_SENT:
            return None
        is_recent = self._clock.now() - before.started_at < self._lease
        if is_recent and before.outcome is not CreationOutcome.UNKNOWN:
            raise _in_progress()
        if before.outcome is CreationOutcome.STARTED:
            return None
        return await self._recovered(ctx, before)

    async def _recovered(self, ctx: RequestContext, before: Creation) -> Creation:
        batch_id = await find_lost_batch(self._facts, self._ledger, ctx, before)
        if batch_id is None:
            raise Conflict(
                "It is not known whether an earlier attempt created this batch",
                details={"reason": "outcome_unknown"},
            )
        made = self._made(before, batch_id)
        if not await self._ledger.advance(before, made):
            raise _in_progress()
        return made

    async def _wanted(self, ctx: RequestContext, request: BatchCreationV1, key: str) -> Creation:
        own = None
        if request.class_id is not None:
            find = find_own_class(self._facts.classes, ctx, request.class_id)
            own = (await required("class", find)).value
        return Creation(
            user_id=ctx.user_id,
            key=key,
            fingerprint=_fingerprint(request),
            class_id=own.id if own else None,
            class_name=own.name if own else None,
            essay_count=request.expected_essay_count,
            title=request.title,
            started_at=self._clock.now(),
        )

    async def _carry_out(
        self, ctx: RequestContext, request: BatchCreationV1, wanted: Creation
    ) -> Creation:
        try:
            wanted_now = await self._with_instructions(ctx, request, wanted)
            if ctx.deadline.left() < self._timeouts.least_call:
                raise DownstreamTimeout("platform_gateway", reason="no_time_left", sent=False)
        except DownstreamError as error:
            await self._fail(wanted, CreationOutcome.NOT_SENT, error)
            raise
        sending = replace(wanted_now, outcome=CreationOutcome.SENDING)
        if not await self._ledger.advance(wanted, sending):
            raise _in_progress()
        try:
            batch_id = await self._registrations.register(ctx, _registration(request, sending))
        except DownstreamError as error:
            error.naming_part("batch")
            # A refused request was sent, and made no batch.
            unsent = not error.sent or isinstance(error, DownstreamRefused)
            outcome = CreationOutcome.NOT_SENT if unsent else CreationOutcome.UNKNOWN
            await self._fail(sending, outcome, error)
            raise
        made = await self._record(sending, self._made(sending, batch_id))
        await self._writes.written(ctx.user_id)
        return made

    async def _with_instructions(
        self, ctx: RequestContext, request: BatchCreationV1, wanted: Creation
    ) -> Creation:
        if request.instructions is None or wanted.storage_id is not None:
            return wanted
        stored = self._texts.store(ctx, request.instructions)
        return replace(wanted, storage_id=await required("instructions", stored))

    def _made(self, creation: Creation, batch_id: str) -> Creation:
        return replace(
            creation,
            outcome=CreationOutcome.CREATED,
            batch_id=batch_id.lower(),
            ended_at=self._clock.now(),
        )

    async def _fail(
        self, creation: Creation, outcome: CreationOutcome, error: DownstreamError
    ) -> None:
        error.details["outcome"] = outcome.value
        ended = replace(creation, outcome=outcome, ended_at=self._clock.now())
        await self._record(creation, ended)

    async def _record(self, before: Creation, after: Creation) -> Creation:
        """Write the outcome. If that fails, the intent stays, and means unknown after the lease."""
        try:
            await self._ledger.advance(before, after)
        except Unavailable as error:
            cause = error.fields.get("error")
            log.error("creation_not_recorded", outcome=after.outcome.value, error=cause)  # noqa: TRY400 - as in the confirm screen
        return after


def _fingerprint(request: BatchCreationV1) -> str:
    return hashlib.sha256(request.model_dump_json().encode()).hexdigest()


def _registration(request: BatchCreationV1, creation: Creation) -> Registration:
    reference = prompt_reference(creation.storage_id) if creation.storage_id else None
    return Registration(
        expected_essay_count=request.expected_essay_count,
        course_code=request.course_code,
        class_id=creation.class_id,
        student_prompt_ref=reference,
    )


def _in_progress() -> Conflict:
    message = "This submission is being carried out"
    return Conflict(message, details={"reason": "in_progress"}, retry_after=1.0)
