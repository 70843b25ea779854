"""Essays, counts, times and phases of a batch for each situation."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from devstack.seed.identifiers import fixed_id
from devstack.seed.model import BatchStatus, Phase, SeededEssay, all_phases
from devstack.seed.plan import PlannedBatch
from devstack.seed.situations import Situation
from devstack.seed.texts import EssayText

_SPELLCHECK_STARTED = timedelta(minutes=12, seconds=4)
_SPELLCHECKED = timedelta(minutes=18, seconds=10)
_ASSESSED = timedelta(minutes=43, seconds=31, microseconds=600_150)
_ANCHORS = 6
_SUCCESS = "completed_successfully"
# As many essays fail where some do.
FAILED_ESSAYS = 3
_ASSESSMENT_PENDING = Phase(name="cj_assessment", status="pending_dependencies")
RANK_WITHOUT_SCORE = 999
_STACKS = {
    "spellcheck": "Traceback (most recent call last):\n"
    '  File "/app/services/spellchecker_service/event_processor.py", line 212, in process\n'
    "    text = await content.fetch(storage_id)\n"
    '  File "/app/services/spellchecker_service/content_client.py", line 61, in fetch\n'
    "    raise_content_service_error(operation, message, correlation_id)\n"
    "ContentServiceError: text not readable\n",
    "cj": "Traceback (most recent call last):\n"
    '  File "/app/services/cj_assessment_service/batch_processor.py", line 148, in run\n'
    "    comparisons = await provider.compare(pairs)\n"
    "ProviderError: no valid comparison was returned\n",
}


@dataclass(frozen=True, slots=True)
class UploadedEssay:
    """An uploaded essay without results, its text, and the storage id of a corrected text."""

    essay: SeededEssay
    text: EssayText
    corrected_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A batch as RAS and the orchestrator have it; `started` is the end of its first phase.

    `requested` are the phases of a later pipeline, when there is one.
    """

    essays: list[SeededEssay]
    status: BatchStatus = BatchStatus.AWAITING_CONTENT_VALIDATION
    completed: int = 0
    failed: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    phases: tuple[Phase, ...] = all_phases()
    requested: tuple[str, ...] | None = None

    @property
    def assessed(self) -> bool:
        return self.ended is not None


def progress_of(
    planned: PlannedBatch, uploads: list[UploadedEssay], created: datetime, random: Random
) -> Progress:
    """RAS lists an essay from its first result on, so none before the pipeline runs."""
    match planned.situation:
        case Situation.SPELLCHECK_RUNNING:
            phases = all_phases(_first("dispatch_initiated", created), _ASSESSMENT_PENDING)
            essays = _spellchecked(uploads, created, len(uploads) * 3 // 5)
            return Progress(essays=essays, phases=phases)
        case (
            Situation.ASSESSMENT_RUNNING
            | Situation.ASSESSMENT_RUNNING_WITH_FAILURES
            | Situation.ASSESSMENT_STUCK
            | Situation.STARTED_AGAIN
        ):
            return _assessing(planned.situation, uploads, created)
        case Situation.FIRST_PHASE_FAILED | Situation.RETRIED | Situation.LATER_PHASE_FAILED:
            return _failed(planned.situation, uploads, created)
        case (
            Situation.DONE
            | Situation.PARTLY_FAILED
            | Situation.ENDED_WITH_FAILED_PHASE
            | Situation.SECOND_PIPELINE
        ):
            return _ended(planned, uploads, created, random)
    return Progress(essays=[upload.essay for upload in uploads])


def _assessing(situation: Situation, uploads: list[UploadedEssay], created: datetime) -> Progress:
    """RAS has taken the first phase's outcome for the whole batch's."""
    essays = _spellchecked(uploads, created)
    status, failed = BatchStatus.COMPLETED_SUCCESSFULLY, 0
    if situation is Situation.ASSESSMENT_RUNNING_WITH_FAILURES:
        status, failed = BatchStatus.COMPLETED_WITH_FAILURES, FAILED_ESSAYS
        essays = [*map(_not_spellchecked, essays[:failed]), *essays[failed:]]
    first = "failed" if situation is Situation.STARTED_AGAIN else _SUCCESS
    return Progress(
        essays=essays,
        status=status,
        completed=len(essays) - failed,
        failed=failed,
        started=created + _SPELLCHECKED,
        phases=all_phases(_first(first, created), _assessment("dispatch_initiated", created)),
    )


def _failed(situation: Situation, uploads: list[UploadedEssay], created: datetime) -> Progress:
    """No essay has survived a phase, so that the pipeline has stopped there."""
    essays = _spellchecked(uploads, created)
    if situation is Situation.LATER_PHASE_FAILED:
        phases = all_phases(_first(_SUCCESS, created), _assessment("failed", created))
        ended = created + _ASSESSED
        essays = [*(_not_assessed(essay, ended) for essay in essays[:2]), *essays[2:]]
    else:
        status = "requested_by_user" if situation is Situation.RETRIED else "failed"
        phases = all_phases(_first(status, created), _ASSESSMENT_PENDING)
        essays = [_not_spellchecked(essay) for essay in essays]
    return Progress(
        essays=essays,
        status=BatchStatus.FAILED_CRITICALLY,
        failed=len(essays),
        started=created + _SPELLCHECKED,
        phases=phases,
    )


def _ended(
    planned: PlannedBatch, uploads: list[UploadedEssay], created: datetime, random: Random
) -> Progress:
    """The orchestrator's counts have replaced RAS's: none failed, or one where a phase did."""
    essays = _spellchecked(uploads, created)
    status, first, failed = BatchStatus.COMPLETED_SUCCESSFULLY, _SUCCESS, 0
    if planned.situation is Situation.PARTLY_FAILED:
        missed = [_not_spellchecked(essay) for essay in essays[:FAILED_ESSAYS]]
        essays = [*missed, *_ranked(essays[FAILED_ESSAYS:], random)]
    else:
        essays = _ranked(essays, random)
    if planned.situation is Situation.ENDED_WITH_FAILED_PHASE:
        status, first, failed = BatchStatus.COMPLETED_WITH_FAILURES, "failed", 1
    if planned.variant == "nan":
        # RAS stores the result of a division by zero.
        essays[0] = replace(essays[0], cj_score=math.nan)
    phases = all_phases(_first(first, created), _assessment(_SUCCESS, created))
    second = planned.situation is Situation.SECOND_PIPELINE
    if second:
        # The first phase of a pipeline has its end already at its dispatch.
        dispatched = created + 2 * _ASSESSED
        nlp = Phase(name="nlp", status="dispatch_initiated", completed_at=dispatched)
        phases = all_phases(*phases, nlp)
    return Progress(
        essays=essays,
        status=status,
        completed=len(essays) - failed,
        failed=failed,
        started=created + _SPELLCHECKED,
        ended=created + _ASSESSED,
        phases=phases,
        requested=("nlp",) if second else None,
    )


def _spellchecked(
    uploads: list[UploadedEssay], created: datetime, count: int | None = None
) -> list[SeededEssay]:
    """The first `count` essays with their spellcheck result, the others not yet in RAS."""
    checked = [
        replace(
            upload.essay,
            in_ras=True,
            spellcheck_status="completed",
            spellcheck_correction_count=upload.text.corrections,
            spellcheck_corrected_text_storage_id=upload.corrected_id,
            last_updated=created + _SPELLCHECK_STARTED + timedelta(seconds=11 * number),
        )
        for number, upload in enumerate(uploads[:count])
    ]
    return [*checked, *(upload.essay for upload in uploads[len(checked) :])]


def _not_spellchecked(essay: SeededEssay) -> SeededEssay:
    return replace(
        essay,
        spellcheck_status="failed",
        spellcheck_correction_count=0,
        spellcheck_corrected_text_storage_id=None,
        spellcheck_error_detail=_error_detail(
            essay,
            essay.last_updated,
            "spellcheck",
            code="SPELLCHECK_SERVICE_ERROR",
            message="{'error_code': 'CONTENT_SERVICE_ERROR', 'error_message': 'text not readable'}",
            operation="process_spellcheck_result",
            details={"status": "spellcheck_failed"},
        ),
    )


def _not_assessed(essay: SeededEssay, at: datetime) -> SeededEssay:
    detail = _error_detail(
        essay,
        at,
        "cj",
        code="CJ_ASSESSMENT_SERVICE_ERROR",
        message="The comparison did not finish",
        operation="process_assessment_result",
        details={"provider": "demo"},
    )
    return replace(essay, cj_assessment_error_detail=detail)


def _error_detail(
    essay: SeededEssay,
    at: datetime,
    phase: str,
    *,
    code: str,
    message: str,
    operation: str,
    details: dict[str, str],
) -> dict[str, object]:
    """An ErrorDetail of RAS, stack trace included; its time has a zone, unlike RAS's other times."""
    return {
        "error_code": code,
        "message": message,
        "correlation_id": fixed_id(f"correlation/{phase}/{essay.essay_id}"),
        "timestamp": f"{(at + timedelta(microseconds=10_000)).isoformat()}Z",
        "service": "result_aggregator_service",
        "operation": operation,
        "details": {"essay_id": essay.essay_id, "batch_id": essay.batch_id, **details},
        "stack_trace": _STACKS[phase],
        "trace_id": None,
        "span_id": None,
    }


def _ranked(essays: list[SeededEssay], random: Random) -> list[SeededEssay]:
    """Comparative-judgement results: negative scores, ranks with gaps from anchor texts.

    With more than ten essays one pair is tied and the last has no score: RAS sends an exact zero
    and a rank far behind for it.
    """
    scores = [random.gauss(0.0, 1.4) for _ in essays]
    if len(essays) > 10:
        scores[4] = scores[7]
    field = [*scores, *(random.gauss(0.3, 1.6) for _ in range(_ANCHORS))]
    ranked = [
        replace(
            essay,
            cj_assessment_status="completed",
            cj_score=score,
            cj_rank=1 + sum(other > score for other in field),
        )
        for essay, score in zip(essays, scores, strict=True)
    ]
    if len(ranked) > 10:
        ranked[-1] = replace(ranked[-1], cj_score=0.0, cj_rank=RANK_WITHOUT_SCORE)
    return ranked


def _first(status: str, created: datetime) -> Phase:
    """The first phase: it has no start, and its end is set already at its dispatch."""
    running = status == "dispatch_initiated"
    age = _SPELLCHECK_STARTED if running else _SPELLCHECKED
    return Phase(name="spellcheck", status=status, completed_at=created + age)


def _assessment(status: str, created: datetime) -> Phase:
    ended = None if status == "dispatch_initiated" else created + _ASSESSED
    started = (created + _SPELLCHECKED).replace(microsecond=0)
    return Phase(name="cj_assessment", status=status, started_at=started, completed_at=ended)
