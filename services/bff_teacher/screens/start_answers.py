"""Answers to a command to start: what became of it, and the price that was named before."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from bff_core.composition import Fetched
from services.bff_teacher.confirmations.start import Start
from services.bff_teacher.dto.pipeline_v1 import (
    DenialV1,
    PipelineNameV1,
    PipelinePreviewV1,
    PipelineStartV1,
    RetriedPhaseV1,
)
from services.bff_teacher.screens.owned_batch import OwnedBatch
from services.bff_teacher.screens.pipeline_preview import Judgement, preview_of
from services.bff_teacher.screens.start_rules import Standing

Outcome = Literal["accepted", "already_running", "denied", "outcome_unknown"]


@dataclass(frozen=True, slots=True)
class StartCommand:
    """A teacher's command; `priced` is the pipeline whose preflight goes before it."""

    kind: Literal["pipeline", "phase"]
    phase: RetriedPhaseV1
    reason: str | None
    priced: PipelineNameV1 | None


PHASES: Mapping[str, StartCommand] = {
    "spellcheck": StartCommand("phase", "spellcheck", None, None),
    "nlp": StartCommand("phase", "nlp", None, None),
    # Only the comparison costs credits.
    "cj_assessment": StartCommand("phase", "cj_assessment", None, "cj_assessment"),
}
"""Commands for another run, which still lack the teacher's reason."""


@dataclass(frozen=True, slots=True)
class StartAnswers:
    """Makes the answers to one command."""

    batch: OwnedBatch
    command: StartCommand
    judged: Fetched[Judgement] | None = None

    def answer(
        self, outcome: Outcome, start: Start | None, denial: DenialV1 | None = None
    ) -> PipelineStartV1:
        return PipelineStartV1(
            batch_id=self.batch.batch_id,
            phase=self.command.phase,
            outcome=outcome,
            reason=denial,
            preview=self._preview(denial),
            started_at=start.started_at if start else None,
        )

    def standing(self, standing: Standing, start: Start | None) -> PipelineStartV1:
        return self.answer("already_running" if standing == "running" else "outcome_unknown", start)

    def _preview(self, denial: DenialV1 | None) -> PipelinePreviewV1 | None:
        if self.judged is None or self.command.priced is None:
            return None
        judged = self.judged.holding(replace(self.judged.value, denial=denial))
        return preview_of(self.batch.batch_id, self.command.priced, judged, None)
