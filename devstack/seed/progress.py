"""How far a batch has come: the essays, counts, times and phases that go with each status."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from devstack.seed.drafts import Draft
from devstack.seed.failures import assessment_failure, spellcheck_failure
from devstack.seed.model import Essay, Phase
from devstack.seed.plan import PlannedBatch
from devstack.seed.ranking import assess, with_nan
from devstack.seed.statuses import BatchStatus

_STARTED = timedelta(minutes=12, seconds=4)
_SPELLCHECKED = timedelta(minutes=18, seconds=10)
_ASSESSED = timedelta(minutes=43, seconds=31, microseconds=600_150)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`started` is set when the first phase has ended, which is how RAS means it."""

    essays: list[Essay]
    completed: int = 0
    failed: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    phases: tuple[Phase, ...] = ()
    assessed: bool = False


@dataclass(frozen=True, slots=True)
class _Stage:
    """One batch on its way through the pipeline."""

    planned: PlannedBatch
    drafts: list[Draft]
    created: datetime
    random: Random

    def uploads(self) -> list[Essay]:
        return [draft.essay for draft in self.drafts]

    def listed(self) -> list[Essay]:
        return [replace(essay, in_ras=True) for essay in self.uploads()]

    def spellchecked(self, first: int | None = None) -> list[Essay]:
        """The first so many with their spellcheck result, the others not yet in RAS."""
        done = len(self.drafts) if first is None else first
        checked = [self._checked(draft, number) for number, draft in enumerate(self.drafts[:done])]
        return [*checked, *self.uploads()[done:]]

    def broken(self, essay: Essay) -> Essay:
        return replace(
            essay,
            spellcheck_status="failed",
            spellcheck_correction_count=0,
            spellcheck_corrected_text_storage_id=None,
            spellcheck_error_detail=spellcheck_failure(
                essay.batch_id, essay.essay_id, essay.last_updated
            ),
        )

    def phase(self, name: str, status: str, *, ended: bool = True) -> Phase:
        start = _STARTED if name == "spellcheck" else _SPELLCHECKED
        end = _SPELLCHECKED if name == "spellcheck" else _ASSESSED
        return Phase(
            name=name,
            status=status,
            started_at=(self.created + start).replace(microsecond=0),
            completed_at=(self.created + end).replace(microsecond=0) if ended else None,
        )

    def _checked(self, draft: Draft, number: int) -> Essay:
        return replace(
            draft.essay,
            in_ras=True,
            spellcheck_status="completed",
            spellcheck_correction_count=draft.text.corrections,
            spellcheck_corrected_text_storage_id=draft.corrected_id,
            last_updated=self.created + _STARTED + timedelta(seconds=11 * number),
        )


def progress_of(
    planned: PlannedBatch, drafts: list[Draft], created: datetime, random: Random
) -> Progress:
    return _BY_STATUS[planned.status](_Stage(planned, drafts, created, random))


def _uploading(stage: _Stage) -> Progress:
    if stage.planned.variant == "arriving":
        return Progress(essays=stage.spellchecked(9))
    return Progress(essays=stage.uploads())


def _listed(stage: _Stage) -> Progress:
    return Progress(essays=stage.listed())


def _reviewed(stage: _Stage) -> Progress:
    """Review comes before spellcheck, when RAS often knows no essay at all."""
    listed = stage.planned.variant == "listed"
    return Progress(essays=stage.listed() if listed else stage.uploads())


def _refused(stage: _Stage) -> Progress:
    return Progress(essays=stage.listed()[:3])


def _processing(stage: _Stage) -> Progress:
    if stage.planned.variant == "spellcheck":
        phases = (stage.phase("spellcheck", "in_progress", ended=False),)
        return Progress(essays=stage.spellchecked(len(stage.drafts) * 3 // 5), phases=phases)
    return Progress(
        essays=stage.spellchecked(),
        completed=len(stage.drafts),
        started=stage.created + _SPELLCHECKED,
        phases=(
            stage.phase("spellcheck", "completed_successfully"),
            stage.phase("cj_assessment", "in_progress", ended=False),
        ),
    )


def _completed(stage: _Stage) -> Progress:
    essays = stage.spellchecked()
    checked = stage.phase("spellcheck", "completed_successfully")
    started = stage.created + _SPELLCHECKED
    if stage.planned.variant == "first-phase":
        return Progress(essays=essays, completed=len(essays), started=started, phases=(checked,))
    ranked = assess(essays, stage.random)
    return Progress(
        essays=with_nan(ranked) if stage.planned.variant == "nan" else ranked,
        completed=len(essays),
        started=started,
        ended=stage.created + _ASSESSED,
        phases=(checked, stage.phase("cj_assessment", "completed_successfully")),
        assessed=True,
    )


def _with_failures(stage: _Stage) -> Progress:
    """Three texts fail; at the end the orchestrator's estimate may say one."""
    essays = stage.spellchecked()
    broken = [stage.broken(essay) for essay in essays[:3]]
    failed = 1 if stage.planned.variant == "estimated" else len(broken)
    partial = "completed_with_partial_success"
    return Progress(
        essays=[*broken, *assess(essays[3:], stage.random)],
        completed=len(essays) - failed,
        failed=failed,
        started=stage.created + _SPELLCHECKED,
        ended=stage.created + _ASSESSED,
        phases=(stage.phase("spellcheck", partial), stage.phase("cj_assessment", partial)),
        assessed=True,
    )


def _failed(stage: _Stage) -> Progress:
    essays = stage.spellchecked()
    at = stage.created + _ASSESSED
    detailed = [
        replace(
            essay,
            cj_assessment_error_detail=assessment_failure(essay.batch_id, essay.essay_id, at),
        )
        for essay in essays[:2]
    ]
    checked = stage.phase("spellcheck", "completed_successfully")
    return Progress(
        essays=[*detailed, *essays[2:]],
        failed=len(essays),
        started=stage.created + _SPELLCHECKED,
        phases=(checked, stage.phase("cj_assessment", "failed")),
    )


def _cancelled(stage: _Stage) -> Progress:
    return Progress(essays=stage.spellchecked(8), phases=(stage.phase("spellcheck", "cancelled"),))


_BY_STATUS: dict[BatchStatus, Callable[[_Stage], Progress]] = {
    BatchStatus.AWAITING_CONTENT_VALIDATION: _uploading,
    BatchStatus.CONTENT_INGESTION_FAILED: _refused,
    BatchStatus.AWAITING_PIPELINE_CONFIGURATION: _listed,
    BatchStatus.READY_FOR_PIPELINE_EXECUTION: _listed,
    BatchStatus.PROCESSING_PIPELINES: _processing,
    BatchStatus.AWAITING_STUDENT_VALIDATION: _reviewed,
    BatchStatus.STUDENT_VALIDATION_COMPLETED: _listed,
    BatchStatus.VALIDATION_TIMEOUT_PROCESSED: _listed,
    BatchStatus.COMPLETED_SUCCESSFULLY: _completed,
    BatchStatus.COMPLETED_WITH_FAILURES: _with_failures,
    BatchStatus.FAILED_CRITICALLY: _failed,
    BatchStatus.CANCELLED: _cancelled,
}
