"""Essays, counts, times and phases of a batch for each status."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from devstack.seed.identifiers import fixed_id
from devstack.seed.model import BatchStatus, Phase, SeededEssay
from devstack.seed.plan import PlannedBatch
from devstack.seed.texts import EssayText

_SPELLCHECK_STARTED = timedelta(minutes=12, seconds=4)
_SPELLCHECKED = timedelta(minutes=18, seconds=10)
_ASSESSED = timedelta(minutes=43, seconds=31, microseconds=600_150)
_ANCHORS = 6
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
    """`started` is the end of the first phase, as RAS defines it."""

    essays: list[SeededEssay]
    completed: int = 0
    failed: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    phases: tuple[Phase, ...] = ()
    assessed: bool = False


def progress_of(
    planned: PlannedBatch, uploads: list[UploadedEssay], created: datetime, random: Random
) -> Progress:
    unlisted = [upload.essay for upload in uploads]
    listed = [replace(essay, in_ras=True) for essay in unlisted]
    progress = Progress(essays=listed)
    match planned.status:
        case BatchStatus.AWAITING_CONTENT_VALIDATION:
            checked = 9 if planned.variant == "arriving" else 0
            progress = Progress(essays=_spellchecked(uploads, created, checked))
        case BatchStatus.AWAITING_STUDENT_VALIDATION:
            # Review comes before the spellcheck: RAS often has no essay of the batch yet.
            progress = Progress(essays=listed if planned.variant == "listed" else unlisted)
        case BatchStatus.CONTENT_INGESTION_FAILED:
            progress = Progress(essays=listed[:3])
        case BatchStatus.CANCELLED:
            phases = (_phase("spellcheck", "cancelled", created),)
            progress = Progress(essays=_spellchecked(uploads, created, 8), phases=phases)
        case BatchStatus.PROCESSING_PIPELINES:
            progress = _processing(planned, uploads, created)
        case (
            BatchStatus.COMPLETED_SUCCESSFULLY
            | BatchStatus.COMPLETED_WITH_FAILURES
            | BatchStatus.FAILED_CRITICALLY
        ):
            progress = _ended(planned, uploads, created, random)
    return progress


def _processing(planned: PlannedBatch, uploads: list[UploadedEssay], created: datetime) -> Progress:
    if planned.variant == "spellcheck":
        essays = _spellchecked(uploads, created, len(uploads) * 3 // 5)
        phases = (_phase("spellcheck", "dispatch_initiated", created),)
        return Progress(essays=[replace(one, in_ras=True) for one in essays], phases=phases)
    return Progress(
        essays=_spellchecked(uploads, created),
        completed=len(uploads),
        started=created + _SPELLCHECKED,
        phases=(
            _phase("spellcheck", "completed_successfully", created),
            _phase("cj_assessment", "dispatch_initiated", created),
        ),
    )


def _ended(
    planned: PlannedBatch, uploads: list[UploadedEssay], created: datetime, random: Random
) -> Progress:
    essays = _spellchecked(uploads, created)
    count, started, ended = len(essays), created + _SPELLCHECKED, created + _ASSESSED
    status, failed = "completed_successfully", 0
    # The orchestrator stores a phase with failed essays as a success.
    checked = _phase("spellcheck", status, created)
    if planned.status is BatchStatus.FAILED_CRITICALLY:
        phases = (checked, _phase("cj_assessment", "failed", created))
        essays = [*(_not_assessed(essay, ended) for essay in essays[:2]), *essays[2:]]
        return Progress(essays=essays, failed=count, started=started, phases=phases)
    if planned.variant == "first-phase":
        return Progress(essays=essays, completed=count, started=started, phases=(checked,))
    if planned.status is BatchStatus.COMPLETED_WITH_FAILURES or planned.variant == "overwritten":
        essays = [*map(_not_spellchecked, essays[:3]), *_ranked(essays[3:], random)]
        # The orchestrator's count replaces RAS's at the end: none, or one where a phase had failed.
        failed = {"overwritten": 0, "estimated": 1}.get(planned.variant, 3)
    else:
        essays = _ranked(essays, random)
    if planned.variant == "nan":
        # RAS stores the result of a division by zero.
        essays[0] = replace(essays[0], cj_score=math.nan)
    return Progress(
        essays=essays,
        completed=count - failed,
        failed=failed,
        started=started,
        ended=ended,
        phases=(checked, _phase("cj_assessment", status, created)),
        assessed=True,
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


def _phase(name: str, status: str, created: datetime) -> Phase:
    started = (created + _SPELLCHECKED).replace(microsecond=0)
    return Phase(name=name, status=status, started_at=None if name == "spellcheck" else started)
