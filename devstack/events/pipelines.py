"""Events of a pipeline: its command, the results of its phases with their grades, and its end."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from devstack.events.event import (
    Data,
    Event,
    Moment,
    base,
    naive,
    pick,
    references,
    system_metadata,
)

Batch = Mapping[str, Any]
_RESULTS, _ORCHESTRATOR = "result_aggregator_service", "batch_orchestrator_service"
_SUCCESS = "completed_successfully"
_WORDS = 400
_GRADE = ("letter_grade", "confidence_score", "confidence_label", "rank")
# The scale `swedish_8_anchor`, from the best.
_GRADES = ("A", "B", "C+", "C", "D+", "D", "E", "F")
_LABELS = ((0.75, "HIGH"), (0.4, "MID"), (0.0, "LOW"))


def job_of(batch_id: str) -> str:
    """The number of the batch's assessment, which is the same whenever it is named."""
    return str(int(batch_id[:6], 16))


def command(batch_id: str, pipeline: str, user_id: str, when: Moment) -> Event:
    name = "commands.batch.pipeline"
    data: Data = {
        "batch_id": batch_id,
        "requested_pipeline": pipeline,
        "client_correlation_id": when.correlation_id,
        "user_id": user_id,
        "is_retry": False,
        "retry_reason": None,
        "prompt_payload": None,
    }
    source = "api_gateway_service"
    return Event(name, batch_id, source, when.correlation_id, data, {"org_id": None})


def denied(batch: Batch, preflight: Mapping[str, Any], when: Moment) -> Event:
    """After the 202; `preflight` is the body of the refusal. Its key is the correlation id."""
    name, counts = "pipeline.denied", ("required_credits", "available_credits")
    data = base(name, batch["batch_id"], when) | pick(batch, "batch_id", "user_id")
    data |= pick(preflight, "requested_pipeline", "denial_reason", "resource_breakdown", *counts)
    data |= {"org_id": None, "denied_at": naive(when.at)}
    return Event(name, when.correlation_id, _ORCHESTRATOR, when.correlation_id, data)


def spellchecked(
    batch: Batch, essay_id: str, texts: tuple[str, str | None], corrections: int, when: Moment
) -> Event:
    """The result of an essay; `texts` are the original and the corrected one, None of a failure."""
    original, corrected = texts
    topic, name, done = "essay.spellcheck.results", "essay.spellcheck.completed", bool(corrected)
    about = system_metadata(
        essay_id,
        when,
        name,
        kind="essay",
        parent_id=batch["batch_id"],
        stage="completed" if done else "failed",
        error={} if done else {"error_code": "SPELLCHECK_SERVICE_ERROR"},
    )
    metrics = {
        "total_corrections": corrections,
        "l2_dictionary_corrections": corrections // 3,
        "spellchecker_corrections": corrections - corrections // 3,
        "word_count": _WORDS,
        "correction_density": 100 * corrections / _WORDS,
    }
    data = base(name, essay_id, when) | {
        **pick(batch, "batch_id", "user_id"),
        "entity_type": "essay",
        "parent_id": batch["batch_id"],
        "status": "spellchecked_success" if done else "spellcheck_failed",
        "system_metadata": about,
        "correlation_id": when.correlation_id,
        "corrections_made": corrections,
        "correction_metrics": metrics,
        "original_text_storage_id": original,
        "corrected_text_storage_id": corrected,
        "processing_duration_ms": 900,
        "processor_version": "pyspellchecker_1.0_L2_swedish",
    }
    return Event(topic, essay_id, "spellchecker_service", when.correlation_id, data)


def phase_outcome(
    batch: Batch, phase: str, processed: list[Data], failed: Sequence[str], when: Moment
) -> Event:
    """`processed` have `essay_id` and `text_storage_id`; none of them is a critical failure."""
    status = "completed_with_failures" if failed else _SUCCESS
    data: Data = {
        "batch_id": batch["batch_id"],
        "phase_name": phase,
        "phase_status": status if processed else "failed_critically",
        "processed_essays": references(processed),
        "failed_essay_ids": list(failed),
        "correlation_id": when.correlation_id,
    }
    source = "essay-lifecycle-service"
    return Event("els.batch.phase.outcome", batch["batch_id"], source, when.correlation_id, data)


def assessment_failed(batch: Batch, job_id: str, when: Moment) -> Event:
    """The hard failure of the assessment, which no service consumes."""
    name, batch_id = "cj_assessment.failed", batch["batch_id"]
    error = {"error_message": "No valid comparison was returned", "error_type": "ProviderError"}
    about = system_metadata(batch_id, when, name, stage="failed", error=error)
    data = base(name, batch_id, when) | {
        "status": "failed_critically",
        "system_metadata": about,
        "cj_assessment_job_id": job_id,
    }
    return Event(name, job_id, "cj_assessment_service", when.correlation_id, data)


def assessment_published(batch: Batch, job_id: str, ranked: list[Data], when: Moment) -> Event:
    """`ranked` come from `devstack.events.grades`."""
    name = "assessment.result.published"
    unset = dict.fromkeys(("feedback_uri", "metrics_uri", "display_name"))
    results = [
        pick(one, "essay_id", "bt_score", *_GRADE)
        | {"normalized_score": one["score"], "is_anchor": False, **unset}
        for one in ranked
    ]
    data = base(name, batch["batch_id"], when) | {
        "batch_id": batch["batch_id"],
        "cj_assessment_job_id": job_id,
        "assignment_id": None,
        "assessment_method": "cj_assessment",
        "model_used": "mock-model",
        "model_provider": "mock",
        "model_version": None,
        "essay_results": results,
        "assessment_metadata": {},
        "assessed_at": when.text,
    }
    return Event(name, job_id, "cj_assessment_service", when.correlation_id, data)


def assessment_completed(batch: Batch, job_id: str, ranked: list[Data], when: Moment) -> Event:
    """RAS has the ranks."""
    data = _ras_update("batch.assessment.completed", "assessment_completed", batch, when) | {
        "assessment_job_id": job_id,
        "rankings_summary": [pick(one, "essay_id", "score", *_GRADE) for one in ranked],
    }
    topic = "ras.batch.assessment.completed"
    return Event(topic, batch["batch_id"], _RESULTS, when.correlation_id, data)


def results_ready(batch: Batch, phases: Sequence[str], essays: int, when: Moment) -> Event:
    """Every essay has the results of spellcheck and assessment."""
    of_phase = {
        "status": "completed",
        "completed_count": essays,
        "failed_count": 0,
        "processing_time_seconds": None,
    }
    data = _ras_update("batch.results.ready", "results_ready", batch, when) | {
        "total_essays": essays,
        "completed_essays": essays,
        "phase_results": {name: {"phase_name": name, **of_phase} for name in phases},
        "overall_status": _SUCCESS,
        "processing_duration_seconds": 14.0,
    }
    return Event("ras.batch.results.ready", batch["batch_id"], _RESULTS, when.correlation_id, data)


def _ras_update(name: str, event: str, batch: Batch, when: Moment) -> Data:
    return base(name, batch["batch_id"], when) | {
        "status": _SUCCESS,
        "system_metadata": system_metadata(batch["batch_id"], when, event),
        **pick(batch, "batch_id", "user_id"),
    }


def pipeline_completed(batch: Batch, phases: Sequence[str], *, failed: bool, when: Moment) -> Event:
    """BOS counts phases, not essays: one essay failed where a phase did, and none otherwise."""
    name, batch_id, total = (
        "batch.pipeline.completed",
        batch["batch_id"],
        int(batch["expected_essay_count"]),
    )
    data: Data = {
        "event": name,
        "batch_id": batch_id,
        "completed_phases": list(phases),
        "final_status": "completed_with_failures" if failed else _SUCCESS,
        "processing_duration_seconds": 14.0,
        "successful_essay_count": total - failed,
        "failed_essay_count": int(failed),
        "correlation_id": when.correlation_id,
        "metadata": system_metadata(batch_id, when, name),
    }
    return Event(name, batch_id, _ORCHESTRATOR, when.correlation_id, data)


def graded(essays: Iterable[tuple[str, float | None, int]]) -> list[Data]:
    """Results of essays as id, score and rank, best first; a score between -2 and 2 is common.

    Only events hold grades, so the demo derives them. A score that is no number counts as 0.
    """
    rows = sorted(essays, key=lambda one: (one[2], one[0]))
    return [_graded(*row) for row in rows]


def _graded(essay_id: str, given: float | None, rank: int) -> Data:
    score = float(given) if isinstance(given, int | float) and math.isfinite(given) else 0.0
    likeness = round(1 / (1 + math.exp(-1.5 * score)), 3)
    place = min(int((1 - likeness) * len(_GRADES)), len(_GRADES) - 1)
    confidence = round(min(abs(likeness - 0.5) * 1.6 + 0.2, 1.0), 2)
    return {
        "essay_id": essay_id,
        "rank": rank,
        "score": likeness,
        "letter_grade": _GRADES[place],
        "confidence_score": confidence,
        "confidence_label": next(name for least, name in _LABELS if confidence >= least),
        "bt_score": score,
    }
