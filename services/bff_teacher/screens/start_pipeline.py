"""A start of a pipeline, or another run of a phase: sent once, however often it is asked for."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

import structlog

from bff_core.clock import Clock
from bff_core.composition import REPLAYED, WithHeaders, required
from bff_core.context import RequestContext
from bff_core.errors import (
    Conflict,
    DownstreamError,
    DownstreamRefused,
    DownstreamTimeout,
    NotFound,
    PreconditionRequired,
    Unavailable,
)
from services.bff_teacher.confirmations.start import KnownStarts, Start, StartOutcome, Starts
from services.bff_teacher.dto.pipeline_v1 import (
    PipelineStartRequestV1,
    PipelineStartV1,
)
from services.bff_teacher.ports import BatchWrites
from services.bff_teacher.ports.workflow import PipelineCommands, Preflights, StartRefused
from services.bff_teacher.screens.create_batch import WriteTimeouts
from services.bff_teacher.screens.owned_batch import OwnedBatch, OwnedBatches
from services.bff_teacher.screens.pipeline_preview import (
    denial_of,
    judge,
)
from services.bff_teacher.screens.rows.batches import RETRY_AFTER, require_allowed
from services.bff_teacher.screens.start_answers import PHASES, StartAnswers, StartCommand
from services.bff_teacher.screens.start_rules import (
    governing_action,
    has_phase_begun,
    standing_of,
)
from services.bff_teacher.truth.actions import refusal_of

T = TypeVar("T")

log = structlog.get_logger()


class StartPipelineScreen:
    """Everything is required. The batch is read first, then the ledger, then the preflight.

    The platform checks neither the caller nor a start that is on its way, and each request is
    another command. So an intent is written before the command, and its outcome after it. What
    keeps two starts apart is the number of the intent, which the ledger takes once.
    """

    def __init__(
        self,
        *,
        owned: OwnedBatches,
        preflights: Preflights,
        commands: PipelineCommands,
        ledger: Starts,
        writes: BatchWrites,
        clock: Clock,
        timeouts: WriteTimeouts,
    ) -> None:
        self._owned = owned
        self._preflights = preflights
        self._commands = commands
        self._ledger = ledger
        self._writes = writes
        self._clock = clock
        self._timeouts = timeouts
        self._lease = timedelta(seconds=timeouts.lease)

    async def start(
        self, ctx: RequestContext, batch_id: str, request: PipelineStartRequestV1, key: str | None
    ) -> WithHeaders[PipelineStartV1]:
        """Start a pipeline, or say why nothing was sent.

        Raises:
            PreconditionRequired: The request does not name its submission.
            NotFound: The batch is unknown.
            NotAuthorized: The batch is another teacher's.
            Conflict: The state of the batch forbids it, or the key belongs to another request.
            RateLimited, Unavailable: The ledger cannot be used; nothing was sent.
            DownstreamError: A service failed; nothing was sent.
        """
        reason = request.retry.reason if request.retry else None
        command = StartCommand("pipeline", request.phase, reason, request.phase)
        return await self._carry_out(ctx, batch_id, command, key)

    async def retry(
        self, ctx: RequestContext, batch_id: str, phase: str, reason: str, key: str | None
    ) -> WithHeaders[PipelineStartV1]:
        """Run a phase again, or say why nothing was sent.

        Raises:
            NotFound: There is no such phase, or the batch is unknown.
            PreconditionRequired, NotAuthorized, Conflict, RateLimited, Unavailable,
                DownstreamError: As in `start`.
        """
        command = PHASES.get(phase)
        if command is None:
            raise NotFound
        return await self._carry_out(ctx, batch_id, replace(command, reason=reason), key)

    async def _carry_out(
        self, ctx: RequestContext, batch_id: str, command: StartCommand, key: str | None
    ) -> WithHeaders[PipelineStartV1]:
        if key is None:
            raise PreconditionRequired("Name the submission with Idempotency-Key")
        batch = await self._owned.read(ctx, batch_id)
        known = await self._ledger.known(batch.batch_id.lower(), ctx.user_id, key)
        wanted = Start(
            batch_id=batch.batch_id.lower(),
            number=known.latest.number + 1 if known.latest else 1,
            user_id=ctx.user_id,
            key=key,
            kind=command.kind,
            phase=command.phase,
            reason=command.reason,
            started_at=self._clock.now(),
        )
        answers = StartAnswers(batch, command)
        if settled := self._settle(answers, known, wanted):
            return settled
        _require_startable(batch, command)
        if command.priced is not None:
            asked = judge(self._preflights, ctx, batch.batch_id, command.priced)
            answers = replace(answers, judged=await _nothing_sent(required("preflight", asked)))
        return WithHeaders(await self._attempt(ctx, answers, wanted))

    def _settle(
        self, answers: StartAnswers, known: KnownStarts, wanted: Start
    ) -> WithHeaders[PipelineStartV1] | None:
        """The answer for which nothing is sent; None when a start may follow."""
        own, truth = known.with_key, answers.batch.truth
        if own and not own.is_same_as(wanted):
            message = "This Idempotency-Key belongs to another request"
            raise Conflict(message, details={"reason": "idempotency_key_reused"})
        if own and own.outcome is StartOutcome.ACCEPTED:
            return WithHeaders(answers.answer("accepted", own), REPLAYED)
        if own and own.outcome in {StartOutcome.STARTED, StartOutcome.UNKNOWN}:
            # Whatever has followed: what this submission sent may still take effect.
            standing = standing_of(own, truth, wanted.started_at, self._lease)
            return WithHeaders(answers.standing(standing or "in_doubt", own), REPLAYED)
        standing = standing_of(known.latest, truth, wanted.started_at, self._lease)
        if standing == "running" or (standing and answers.command.reason is None):
            return WithHeaders(answers.standing(standing, known.latest))
        if refusal_of("start", truth) == "processing":
            return WithHeaders(answers.answer("already_running", None))
        return None

    async def _attempt(
        self, ctx: RequestContext, answers: StartAnswers, wanted: Start
    ) -> PipelineStartV1:
        judged = answers.judged.value if answers.judged else None
        if judged and judged.denial:
            return answers.answer("denied", None, judged.denial)
        if ctx.deadline.left() < self._timeouts.least_call:
            raise _late()
        if not await self._ledger.begin(wanted):
            return answers.answer("already_running", None)
        # What is sent is recorded, whether or not the caller waits for it.
        return await self._writes.finish(self._send_and_record(ctx, answers, wanted))

    async def _send_and_record(
        self, ctx: RequestContext, answers: StartAnswers, wanted: Start
    ) -> PipelineStartV1:
        try:
            await self._send(ctx, answers.batch.batch_id, answers.command)
        except StartRefused as refused:
            await self._record(wanted, StartOutcome.DENIED, refused.denial)
            return answers.answer("denied", None, denial_of(refused.denial))
        except DownstreamError as error:
            if error.sent and not isinstance(error, DownstreamRefused):
                await self._record(wanted, StartOutcome.UNKNOWN, None)
                await self._writes.written(ctx.user_id)
                return answers.answer("outcome_unknown", wanted)
            await self._record(wanted, StartOutcome.NOT_SENT, None)
            error.details["outcome"] = StartOutcome.NOT_SENT.value
            raise
        await self._record(wanted, StartOutcome.ACCEPTED, None)
        await self._writes.written(ctx.user_id)
        return answers.answer("accepted", wanted)

    async def _send(self, ctx: RequestContext, batch_id: str, command: StartCommand) -> None:
        if command.kind == "pipeline":
            sent = self._commands.start(ctx, batch_id, command.phase, command.reason)
        else:
            sent = self._commands.retry_phase(ctx, batch_id, command.phase, command.reason or "")
        await required("start", sent)

    async def _record(self, start: Start, outcome: StartOutcome, denial: str | None) -> None:
        """Write the outcome. If that fails, the intent stays, and means unknown after the lease."""
        try:
            await self._ledger.end(start, outcome, denial, self._clock.now())
        except Unavailable as error:
            cause = error.fields.get("error")
            log.error("start_not_recorded", outcome=outcome.value, error=cause)  # noqa: TRY400 - as in the confirm screen


def _require_startable(batch: OwnedBatch, command: StartCommand) -> None:
    """Refuse what the state of the batch forbids."""
    truth = batch.truth
    if command.kind == "pipeline":
        require_allowed(governing_action(truth, again=command.reason is not None), truth)
        return
    require_allowed("retry", truth)
    if truth.phases is None:
        message = "The phases of the batch cannot be read now"
        raise Conflict(message, details={"reason": "state_unknown"}, retry_after=RETRY_AFTER)
    if not has_phase_begun(truth, command.phase):
        message = "This phase has not run"
        raise Conflict(message, details={"reason": "nothing_to_retry"})


async def _nothing_sent(call: Awaitable[T]) -> T:
    try:
        return await call
    except DownstreamError as error:
        error.details["outcome"] = StartOutcome.NOT_SENT.value
        raise


def _late() -> DownstreamTimeout:
    late = DownstreamTimeout("platform_gateway", reason="no_time_left", sent=False)
    late.details["outcome"] = StartOutcome.NOT_SENT.value
    return late
