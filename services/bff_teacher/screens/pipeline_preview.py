"""The phases and the cost of a start, before it is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from bff_core.composition import Fetched, Missing, Part, optional
from bff_core.context import RequestContext
from bff_core.errors import NotFound
from services.bff_teacher.contracts.bos import Preflight
from services.bff_teacher.dto.batch_actions_v1 import ActionReasonV1
from services.bff_teacher.dto.pipeline_v1 import (
    DenialV1,
    PipelineNameV1,
    PipelinePreviewV1,
    ResourceAmountV1,
    ResourceV1,
)
from services.bff_teacher.ports.workflow import NoInstructions, Preflights
from services.bff_teacher.screens.owned_batch import OwnedBatches
from services.bff_teacher.screens.parts import describe_parts
from services.bff_teacher.screens.start_rules import governing_action
from services.bff_teacher.truth.actions import refusal_of

PIPELINES: tuple[PipelineNameV1, ...] = get_args(PipelineNameV1)
_DENIALS: Mapping[str, DenialV1] = {
    "insufficient_credits": "insufficient_credits",
    "rate_limit_exceeded": "rate_limit",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """The platform's word on a start; without `preflight` it named no price."""

    preflight: Preflight | None
    denial: DenialV1 | None


class PipelinePreviewScreen:
    """The batch is required. The preflight is optional, and nothing is allowed without it."""

    def __init__(self, owned: OwnedBatches, preflights: Preflights) -> None:
        self._owned = owned
        self._preflights = preflights

    async def load(self, ctx: RequestContext, batch_id: str, phase: str) -> PipelinePreviewV1:
        """The phases and the cost of a start now.

        Raises:
            NotFound: There is no such pipeline, or no such batch.
            NotAuthorized: The batch is another teacher's.
            DownstreamError: The owner could not be read.
        """
        pipeline = next((one for one in PIPELINES if one == phase), None)
        if pipeline is None:
            raise NotFound
        batch = await self._owned.read(ctx, batch_id)
        part = await optional(judge(self._preflights, ctx, batch.batch_id, pipeline))
        refusal = refusal_of(governing_action(batch.truth, again=True), batch.truth)
        return preview_of(batch.batch_id, pipeline, part, refusal)


async def judge(
    preflights: Preflights, ctx: RequestContext, batch_id: str, pipeline: PipelineNameV1
) -> Fetched[Judgement]:
    """Ask the platform about a start.

    Raises:
        DownstreamError: It cannot say.
    """
    try:
        found = await preflights.of_batch(ctx, batch_id, pipeline)
    except NoInstructions:
        return Fetched(Judgement(None, "no_instructions"))
    denial = None if found.allowed else denial_of(found.denial_reason)
    return Fetched(Judgement(found, denial))


def denial_of(word: str | None) -> DenialV1:
    """The platform's word for a denial as ours."""
    return _DENIALS.get(word or "", "unknown")


def preview_of(
    batch_id: str,
    pipeline: PipelineNameV1,
    part: Part[Judgement],
    refusal: ActionReasonV1 | None,
) -> PipelinePreviewV1:
    """The preview; a refusal by the batch's state goes before a denial."""
    judged = Judgement(None, "unknown") if isinstance(part, Missing) else part.value
    found, reason = judged.preflight, refusal or judged.denial
    amounts = found.resource_breakdown if found else {}
    return PipelinePreviewV1(
        batch_id=batch_id,
        phase=pipeline,
        phases=list(found.resolved_pipeline) if found else [],
        allowed=reason is None,
        reason=reason,
        credits_required=found.required_credits if found else None,
        # A free pipeline says 0, whatever the balance.
        credits_available=found.available_credits if found and found.required_credits else None,
        missing=_missing(found) if found else None,
        by_resource=[
            ResourceAmountV1(resource=name, amount=amounts[name])
            for name in get_args(ResourceV1)
            if amounts.get(name)
        ],
        parts=describe_parts({"preflight": part}),
    )


def _missing(preflight: Preflight) -> int | None:
    """Credits that are short; None when the platform's prices cannot be told from its numbers."""
    if preflight.allowed:
        return 0
    short = max(0, preflight.required_credits - preflight.available_credits)
    weighed = preflight.denial_reason == "insufficient_credits" and short == 0
    return None if weighed else short
