"""Events of a pipeline: its command, what its phases bring, and its end."""

from collections.abc import Mapping, Sequence
from typing import Any

from devstack.events.event import (
    Data,
    Event,
    Moment,
    base,
    naive,
    references,
    system_metadata,
)

Batch = Mapping[str, Any]
_RESULTS, _ORCHESTRATOR = "result_aggregator_service", "batch_orchestrator_service"
_SUCCESS = "completed_successfully"


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
    name, batch_id = "pipeline.denied", batch["batch_id"]
    data = base(name, batch_id, when) | {
        "batch_id": batch_id,
        "user_id": batch["user_id"],
        "org_id": None,
        "requested_pipeline": preflight["requested_pipeline"],
        "denial_reason": preflight["denial_reason"],
        "required_credits": preflight["required_credits"],
        "available_credits": preflight["available_credits"],
        "resource_breakdown": preflight["resource_breakdown"],
        "denied_at": naive(when.at),
    }
    return Event(name, when.correlation_id, _ORCHESTRATOR, when.correlation_id, data)


def spellchecked(
    batch: Batch,
    essay_id: str,
    texts: tuple[str, str | None],
    corrections: int,
    when: Moment,
) -> Event:
    """The result of an essay; `texts` are the original and the corrected one, None of a failure."""
    original, corrected = texts
    name, done = "essay.spellcheck.results", corrected is not None
    status = "spellchecked_success" if done else "spellcheck_failed"
    error = {} if done else {"error_code": "SPELLCHECK_SERVICE_ERROR"}
    about = system_metadata(
        essay_id,
        when,
        "essay.spellcheck.completed",
        kind="essay",
        parent_id=batch["batch_id"],
        stage="completed" if done else "failed",
        error=error,
    )
    data = (
        base("essay.spellcheck.completed", essay_id, when)
        | {"entity_type": "essay", "parent_id": batch["batch_id"]}
        | {"status": status, "system_metadata": about}
        | {
            "batch_id": batch["batch_id"],
            "correlation_id": when.correlation_id,
            "user_id": batch["user_id"],
            "corrections_made": corrections,
            "correction_metrics": _metrics(corrections),
            "original_text_storage_id": original,
            "corrected_text_storage_id": corrected,
            "processing_duration_ms": 900,
            "processor_version": "pyspellchecker_1.0_L2_swedish",
        }
    )
    return Event(name, essay_id, "spellchecker_service", when.correlation_id, data)


def _metrics(corrections: int) -> Data:
    words = 400
    return {
        "total_corrections": corrections,
        "l2_dictionary_corrections": corrections // 3,
        "spellchecker_corrections": corrections - corrections // 3,
        "word_count": words,
        "correction_density": 100 * corrections / words,
    }


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
    data = base(name, batch["batch_id"], when) | {
        "batch_id": batch["batch_id"],
        "cj_assessment_job_id": job_id,
        "assignment_id": None,
        "assessment_method": "cj_assessment",
        "model_used": "mock-model",
        "model_provider": "mock",
        "model_version": None,
        "essay_results": [_essay_result(one) for one in ranked],
        "assessment_metadata": {},
        "assessed_at": when.text,
    }
    return Event(name, job_id, "cj_assessment_service", when.correlation_id, data)


def _essay_result(one: Data) -> Data:
    return {
        "essay_id": one["essay_id"],
        "normalized_score": one["score"],
        "letter_grade": one["letter_grade"],
        "confidence_score": one["confidence_score"],
        "confidence_label": one["confidence_label"],
        "bt_score": one["bt_score"],
        "rank": one["rank"],
        "is_anchor": False,
        "feedback_uri": None,
        "metrics_uri": None,
        "display_name": None,
    }


def assessment_completed(batch: Batch, job_id: str, ranked: list[Data], when: Moment) -> Event:
    """RAS has the ranks."""
    kept = ("essay_id", "rank", "score", "letter_grade", "confidence_score", "confidence_label")
    data = _ras_update("batch.assessment.completed", "assessment_completed", batch, when) | {
        "assessment_job_id": job_id,
        "rankings_summary": [{name: one[name] for name in kept} for one in ranked],
    }
    topic = "ras.batch.assessment.completed"
    return Event(topic, batch["batch_id"], _RESULTS, when.correlation_id, data)


def results_ready(batch: Batch, phases: Sequence[str], essays: int, when: Moment) -> Event:
    """Every essay has the results of spellcheck and assessment."""
    of_phase = {"status": "completed", "completed_count": essays, "failed_count": 0}
    data = _ras_update("batch.results.ready", "results_ready", batch, when) | {
        "total_essays": essays,
        "completed_essays": essays,
        "phase_results": {
            name: {"phase_name": name, **of_phase, "processing_time_seconds": None}
            for name in phases
        },
        "overall_status": _SUCCESS,
        "processing_duration_seconds": 14.0,
    }
    return Event("ras.batch.results.ready", batch["batch_id"], _RESULTS, when.correlation_id, data)


def _ras_update(name: str, event: str, batch: Batch, when: Moment) -> Data:
    return base(name, batch["batch_id"], when) | {
        "status": _SUCCESS,
        "system_metadata": system_metadata(batch["batch_id"], when, event),
        "batch_id": batch["batch_id"],
        "user_id": batch["user_id"],
    }


def pipeline_completed(batch: Batch, phases: Sequence[str], *, failed: bool, when: Moment) -> Event:
    """BOS counts phases, not essays: one essay failed where a phase did, and none otherwise."""
    name, batch_id, total = "batch.pipeline.completed", batch["batch_id"], _total(batch)
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


def _total(batch: Batch) -> int:
    return int(batch["expected_essay_count"])
