"""Pipelines of a batch: their price before the start, the start, and another run of a phase."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from bff_core.inputs import Line
from services.bff_teacher.dto.batch_actions_v1 import ActionReasonV1
from services.bff_teacher.dto.uuid_text import UuidText

MAX_REASON = 500

PipelineNameV1 = Literal["cj_assessment", "nlp"]
"""Those that some service carries out; `ai_feedback` has none today."""
RetriedPhaseV1 = Literal["spellcheck", "cj_assessment", "nlp"]
DenialV1 = Literal["insufficient_credits", "rate_limit", "no_instructions", "unknown"]
ResourceV1 = Literal["cj_comparison", "ai_feedback_generation"]

EXAMPLE_PREVIEW: JsonDict = {
    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
    "phase": "cj_assessment",
    "phases": ["spellcheck", "cj_assessment"],
    "allowed": False,
    "reason": "insufficient_credits",
    "credits_required": 300,
    "credits_available": 45,
    "missing": 255,
    "by_resource": [{"resource": "cj_comparison", "amount": 300}],
    "parts": [{"name": "preflight", "status": "ok", "age_seconds": 0.0, "code": None}],
}


class ResourceAmountV1(BaseModel):
    resource: ResourceV1
    amount: int = Field(ge=0, description="Calls that the pipeline makes.")


class PipelinePreviewV1(BaseModel):
    """The phases and the cost of a start now; it reserves nothing."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_PREVIEW]})

    batch_id: UuidText
    phase: PipelineNameV1
    phases: list[str] = Field(
        description="Phases that would run, in their order, without those that are done; empty"
        " while they are not known."
    )
    allowed: bool
    reason: DenialV1 | ActionReasonV1 | None = Field(
        description="Null exactly when it is allowed. `unknown`: the platform cannot say, see the"
        " part `preflight`. `no_instructions`: the batch has no assignment. `rate_limit`: a daily"
        " limit. The others are those of the action `start`."
    )
    credits_required: int | None = Field(description="Null while it is not known.")
    credits_available: int | None = Field(
        description="Null while it is not known, and for a pipeline that costs nothing."
    )
    missing: int | None = Field(description="Credits that are short; null while it is not known.")
    by_resource: list[ResourceAmountV1]
    parts: list[PartV1]


class AgainV1(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[Line, Field(max_length=MAX_REASON)]


class PipelineStartRequestV1(BaseModel):
    """A start; with `retry`, also of a batch that has ended, or whose last start is in doubt."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"phase": "cj_assessment"}]},
    )

    phase: PipelineNameV1
    retry: AgainV1 | None = None


class PhaseRetryV1(BaseModel):
    """Another run of a whole phase, which the platform does not check by itself."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"reason": "Three essays could not be checked"}]},
    )

    reason: Annotated[Line, Field(max_length=MAX_REASON)]


class PipelineStartV1(BaseModel):
    """The outcome of a start; a replay returns the same with `Idempotent-Replay: true`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "phase": "cj_assessment",
                    "outcome": "accepted",
                    "reason": None,
                    "preview": EXAMPLE_PREVIEW
                    | {"allowed": True, "reason": None, "credits_available": 847, "missing": 0},
                    "started_at": "2026-01-31T10:02:11.000000Z",
                }
            ]
        }
    )

    batch_id: UuidText
    phase: RetriedPhaseV1
    outcome: Literal["accepted", "already_running", "denied", "outcome_unknown"] = Field(
        description="`accepted`: the platform has the command; it may still drop it without a"
        " word, so watch the batch. `already_running`: a phase runs, or another start is on its"
        " way. `denied`: see `reason` and `preview`; nothing was sent. `outcome_unknown`: an"
        " earlier start may have been sent; nothing more is sent without `retry`."
    )
    reason: DenialV1 | None = Field(description="Of a denial.")
    preview: PipelinePreviewV1 | None = Field(
        description="What was asked before; null for a replay, and where nothing is to be asked."
    )
    started_at: datetime | None = Field(description="When the start in question was sent.")
