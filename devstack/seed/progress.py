"""Essays, counts, times and phases of a batch for each situation."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from devstack.seed.assignments import BY_COURSE, EssayText
from devstack.seed.identifiers import fixed_id, storage_id
from devstack.seed.model import BatchStatus, Phase, SeededBatch, SeededEssay, all_phases
from devstack.seed.plan import PlannedBatch
from devstack.seed.situations import Situation

_SPELLCHECK_STARTED = timedelta(minutes=12, seconds=4)
_SPELLCHECKED = timedelta(minutes=18, seconds=10)
_ASSESSED = timedelta(minutes=43, seconds=31, microseconds=600_150)
_ANCHORS = 6
_SUCCESS = "completed_successfully"
# As many essays fail where some do.
FAILED_ESSAYS = 3
_PENDING, _RUNS = "pending_dependencies", "dispatch_initiated"
_ASSESSMENT_PENDING = Phase(name="cj_assessment", status=_PENDING)
# Of the spellcheck, the assessment and RAS; then how many essays RAS calls failed. It takes the first
# phase's outcome for the whole batch's, and replaces it at the end by the orchestrator's counts: none
# failed, or one where a phase did. All fail where no essay survives a phase.
_OUTCOMES: Mapping[Situation, tuple[str, str, BatchStatus, int]] = {
    Situation.ASSESSMENT_RUNNING: (_SUCCESS, _RUNS, BatchStatus.COMPLETED_SUCCESSFULLY, 0),
    Situation.ASSESSMENT_RUNNING_WITH_FAILURES: (
        _SUCCESS, _RUNS, BatchStatus.COMPLETED_WITH_FAILURES, FAILED_ESSAYS
    ),
    Situation.ASSESSMENT_STUCK: (_SUCCESS, _RUNS, BatchStatus.COMPLETED_SUCCESSFULLY, 0),
    Situation.STARTED_AGAIN: ("failed", _RUNS, BatchStatus.COMPLETED_SUCCESSFULLY, 0),
    Situation.FIRST_PHASE_FAILED: ("failed", _PENDING, BatchStatus.FAILED_CRITICALLY, 0),
    Situation.RETRIED: ("requested_by_user", _PENDING, BatchStatus.FAILED_CRITICALLY, 0),
    Situation.LATER_PHASE_FAILED: (_SUCCESS, "failed", BatchStatus.FAILED_CRITICALLY, 0),
    Situation.DONE: (_SUCCESS, _SUCCESS, BatchStatus.COMPLETED_SUCCESSFULLY, 0),
    Situation.PARTLY_FAILED: (_SUCCESS, _SUCCESS, BatchStatus.COMPLETED_SUCCESSFULLY, 0),
    Situation.ENDED_WITH_FAILED_PHASE: (
        "failed", _SUCCESS, BatchStatus.COMPLETED_WITH_FAILURES, 1
    ),
    Situation.SECOND_PIPELINE: (_SUCCESS, _SUCCESS, BatchStatus.COMPLETED_SUCCESSFULLY, 0),
}  # fmt: skip
RANK_WITHOUT_SCORE = 999
_ERRORS: Mapping[str, Mapping[str, Any]] = {
    "spellcheck": {
        "code": "SPELLCHECK_SERVICE_ERROR",
        "message": "{'error_code': 'CONTENT_SERVICE_ERROR', 'error_message': 'text not readable'}",
        "operation": "process_spellcheck_result",
        "details": {"status": "spellcheck_failed"},
        "stack": "Traceback (most recent call last):\n"
        '  File "/app/services/spellchecker_service/event_processor.py", line 212, in process\n'
        "    text = await content.fetch(storage_id)\n"
        '  File "/app/services/spellchecker_service/content_client.py", line 61, in fetch\n'
        "    raise_content_service_error(operation, message, correlation_id)\n"
        "ContentServiceError: text not readable\n",
    },
    "cj": {
        "code": "CJ_ASSESSMENT_SERVICE_ERROR",
        "message": "The comparison did not finish",
        "operation": "process_assessment_result",
        "details": {"provider": "demo"},
        "stack": "Traceback (most recent call last):\n"
        '  File "/app/services/cj_assessment_service/batch_processor.py", line 148, in run\n'
        "    comparisons = await provider.compare(pairs)\n"
        "ProviderError: no valid comparison was returned\n",
    },
}


@dataclass(frozen=True, slots=True)
class UploadedEssay:
    """An uploaded essay without results, and its text."""

    essay: SeededEssay
    text: EssayText


def advanced(
    batch: SeededBatch, planned: PlannedBatch, uploads: list[UploadedEssay], random: Random
) -> SeededBatch:
    """A registered batch with what RAS and the orchestrator have of it in its situation.

    RAS lists an essay from its first result on, so none before the pipeline runs.
    """
    created = batch.created_at
    if planned.situation is Situation.SPELLCHECK_RUNNING:
        phases = all_phases(_first(_RUNS, created), _ASSESSMENT_PENDING)
        essays = _spellchecked(uploads, created, len(uploads) * 3 // 5)
        changed = max(essay.last_updated for essay in essays if essay.in_ras)
        return replace(batch, essays=tuple(essays), phases=phases, last_updated=changed)
    if planned.situation not in _OUTCOMES:
        return replace(batch, essays=tuple(upload.essay for upload in uploads))
    first, assessment, status, failed = _OUTCOMES[planned.situation]
    essays = _with_results(planned, _spellchecked(uploads, created), created, random)
    phases = all_phases(_first(first, created), _assessment(assessment, created))
    second = planned.situation is Situation.SECOND_PIPELINE
    if second:
        # The first phase of a pipeline has its end already at its dispatch.
        nlp = Phase(name="nlp", status=_RUNS, completed_at=created + 2 * _ASSESSED)
        phases = all_phases(*phases, nlp)
    failed = len(essays) if status is BatchStatus.FAILED_CRITICALLY else failed
    started = created + _SPELLCHECKED
    ended = created + _ASSESSED if assessment == _SUCCESS else None
    return replace(
        batch,
        essays=tuple(essays),
        status=status,
        # RAS learns the assignment from the assessment's result.
        assignment_id=BY_COURSE[planned.course].key if ended else None,
        completed_essay_count=len(essays) - failed,
        failed_essay_count=failed,
        last_updated=ended or started,
        processing_started_at=started,
        processing_completed_at=ended,
        phases=phases,
        later_pipeline=("nlp",) if second else None,
    )


def _with_results(
    planned: PlannedBatch, essays: list[SeededEssay], created: datetime, random: Random
) -> list[SeededEssay]:
    """The spellchecked essays with what came after, or with their failures."""
    match planned.situation:
        case Situation.FIRST_PHASE_FAILED | Situation.RETRIED:
            return [_not_spellchecked(essay) for essay in essays]
        case Situation.LATER_PHASE_FAILED:
            ended = created + _ASSESSED
            return [*(_not_assessed(essay, ended) for essay in essays[:2]), *essays[2:]]
        case Situation.ASSESSMENT_RUNNING_WITH_FAILURES:
            return [*map(_not_spellchecked, essays[:FAILED_ESSAYS]), *essays[FAILED_ESSAYS:]]
        case Situation.PARTLY_FAILED:
            missed = [_not_spellchecked(essay) for essay in essays[:FAILED_ESSAYS]]
            return [*missed, *_ranked(essays[FAILED_ESSAYS:], random)]
        case Situation.DONE | Situation.ENDED_WITH_FAILED_PHASE | Situation.SECOND_PIPELINE:
            essays = _ranked(essays, random)
    if planned.variant == "nan":
        # RAS stores the result of a division by zero.
        essays[0] = replace(essays[0], cj_score=math.nan)
    return essays


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
            spellcheck_corrected_text_storage_id=storage_id(f"corrected/{upload.essay.essay_id}"),
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
        spellcheck_error_detail=_error_detail(essay, essay.last_updated, "spellcheck"),
    )


def _not_assessed(essay: SeededEssay, at: datetime) -> SeededEssay:
    return replace(essay, cj_assessment_error_detail=_error_detail(essay, at, "cj"))


def _error_detail(essay: SeededEssay, at: datetime, phase: str) -> dict[str, object]:
    """An ErrorDetail of RAS, stack trace included; its time has a zone, unlike RAS's other times."""
    error = _ERRORS[phase]
    return {
        "error_code": error["code"],
        "message": error["message"],
        "correlation_id": fixed_id(f"correlation/{phase}/{essay.essay_id}"),
        "timestamp": f"{(at + timedelta(microseconds=10_000)).isoformat()}Z",
        "service": "result_aggregator_service",
        "operation": error["operation"],
        "details": {"essay_id": essay.essay_id, "batch_id": essay.batch_id, **error["details"]},
        "stack_trace": error["stack"],
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
    age = _SPELLCHECK_STARTED if status == _RUNS else _SPELLCHECKED
    return Phase(name="spellcheck", status=status, completed_at=created + age)


def _assessment(status: str, created: datetime) -> Phase:
    if status == _PENDING:
        return _ASSESSMENT_PENDING
    ended = None if status == _RUNS else created + _ASSESSED
    started = (created + _SPELLCHECKED).replace(microsecond=0)
    return Phase(name="cj_assessment", status=status, started_at=started, completed_at=ended)
