"""Bodies of the batch orchestrator: the state of a batch's phases."""

from datetime import datetime
from typing import Literal

import msgspec

PHASES = ("spellcheck", "nlp", "ai_feedback", "cj_assessment")
"""Fields of `PhaseStates`, in the order in which a pipeline may run them."""

PhaseWord = Literal[
    "requested_by_user",
    "pending_dependencies",
    "dispatch_initiated",
    "in_progress",
    "completed_successfully",
    "completed_with_partial_success",
    "failed",
    "skipped_due_to_dependency_failure",
    "skipped_by_user_config",
    "cancelled",
]


class PhaseState(msgspec.Struct, frozen=True, kw_only=True):
    """One phase. The first one has no `started_at`, and a `completed_at` from its dispatch on."""

    status: PhaseWord
    started_at: datetime | None = None
    completed_at: datetime | None = None


class PhaseStates(msgspec.Struct, frozen=True, kw_only=True):
    """`requested_pipelines` are the phases of the last start, without those that were done before.

    Before the first start it is `spellcheck`, and the other phases are skipped.
    """

    requested_pipelines: tuple[str, ...]
    spellcheck: PhaseState | None = None
    nlp: PhaseState | None = None
    ai_feedback: PhaseState | None = None
    cj_assessment: PhaseState | None = None


class PipelineState(msgspec.Struct, frozen=True, kw_only=True):
    batch_id: str
    pipeline_state: PhaseStates
    user_id: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    error: str


class Preflight(msgspec.Struct, frozen=True, kw_only=True):
    """The phases and the cost of a start. `required_credits` counts calls, not credits.

    Of a free pipeline, `available_credits` is 0 whatever the balance.
    """

    allowed: bool
    resolved_pipeline: tuple[str, ...]
    required_credits: int
    available_credits: int
    resource_breakdown: dict[str, int] = {}
    denial_reason: str | None = None


class PreflightFailure(msgspec.Struct, frozen=True):
    """One status, 500, stands for no instructions, nothing to do, and a service that is away."""

    error: str
    details: str = ""

    @property
    def lacks_instructions(self) -> bool:
        return "without prompt attachment" in self.details


class RetryBody(msgspec.Struct, frozen=True):
    """BOS believes the user id, and uses it for nothing."""

    phase_name: str
    user_id: str
    retry_reason: str


class RetryAnswer(msgspec.Struct, frozen=True):
    status: Literal["retry_initiated"]
