"""The notifications that the platform's services publish to a teacher while a batch moves."""

from dataclasses import dataclass

from devstack.scenario.moves import ScenarioMove
from devstack.seed.identifiers import fixed_id

Data = dict[str, object]
_PHASES = ["spellcheck", "cj_assessment"]
_SUCCESS = "completed_successfully"


@dataclass(frozen=True, slots=True)
class Notification:
    """A message `{"event", "data"}` on a user's Redis channel."""

    event: str
    data: Data


def notifications_of(move: ScenarioMove) -> list[Notification]:
    """The notifications of a move in the order of the services; none for a silent move."""
    spellcheck, assessment = [*(phase.status for phase in move.batch.phases), "", ""][:2]
    found: list[Notification] = []
    match move.name.partition("_"):
        case ("uploaded", _, _):
            found = _files_uploaded(move)
        case ("started", _, _):
            found = [_processing_started(move)]
        case ("spellchecked", _, _):
            found = _essays_spellchecked(move)
        case ("spellcheck", _, "concluded"):
            summary = _summary(move, "spellcheck", spellcheck)
            found = [
                _progress(move, "batch_spellcheck_completed", summary),
                _phase_concluded(move, "spellcheck", spellcheck),
            ]
        case ("assessed", _, _) if assessment == "failed":
            found = [_phase_concluded(move, "cj_assessment", assessment)]
        case ("assessed", _, _):
            found = _batch_assessed(move)
        case ("assessment", _, "concluded") if assessment != "failed":
            found = [_phase_concluded(move, "cj_assessment", _SUCCESS)]
        case ("completed", _, _):
            found = _batch_completed(move)
    return found


def _files_uploaded(move: ScenarioMove) -> list[Notification]:
    payloads: list[Data] = [
        {
            "file_upload_id": essay.file_upload_id,
            "filename": essay.filename,
            "message": f"File '{essay.filename}' uploaded successfully",
            "upload_status": "completed",
        }
        for essay in move.changed
    ]
    event, category = "batch_files_uploaded", "file_operations"
    return [_teacher(move, event, payload, category, "standard") for payload in payloads]


def _processing_started(move: ScenarioMove) -> Notification:
    payload: Data = {
        "requested_pipeline": "cj_assessment",
        "resolved_pipeline": _PHASES,
        "first_phase": "spellcheck",
        "total_phases": len(_PHASES),
        "message": "Processing started: Initiating spellcheck phase",
    }
    return _progress(move, "batch_processing_started", payload)


def _essays_spellchecked(move: ScenarioMove) -> list[Notification]:
    words = {"completed": "spellchecked_success", "failed": "spellcheck_failed"}
    return [
        Notification(
            "essay_status_updated",
            {
                "essay_id": essay.essay_id,
                "status": words[str(essay.spellcheck_status)],
                **_stamp(move),
            },
        )
        for essay in move.changed
    ]


def _batch_assessed(move: ScenarioMove) -> list[Notification]:
    ranked = sum(essay.cj_rank is not None for essay in move.batch.essays)
    payload: Data = {
        "assessment_job_id": str(move.step),
        "rankings_available": ranked > 0,
        "rankings_count": ranked,
        "message": f"Comparative judgment assessment completed for batch {move.batch.batch_id}",
    }
    summary = _summary(move, "cj_assessment", _SUCCESS)
    completed, category = "batch_assessment_completed", "processing_results"
    return [
        _progress(move, "batch_cj_assessment_completed", summary, "standard"),
        _teacher(move, completed, payload, category, "standard"),
    ]


def _batch_completed(move: ScenarioMove) -> list[Notification]:
    batch = move.batch
    if batch.processing_completed_at is None or batch.processing_started_at is None:
        return []
    seconds = (batch.processing_completed_at - batch.processing_started_at).total_seconds()
    done, failed, total = (
        batch.completed_essay_count,
        batch.failed_essay_count,
        batch.essay_count,
    )
    phase = {
        "status": "completed",
        "completed_count": done,
        "failed_count": failed,
        "processing_time_seconds": None,
    }
    results: Data = {
        "total_essays": total,
        "completed_essays": done,
        "overall_status": str(batch.status),
        "processing_duration_seconds": seconds,
        "phase_results": dict.fromkeys(_PHASES, phase),
        "message": f"Batch {batch.batch_id} processing completed with {done}/{total} essays",
    }
    ended: Data = {
        "final_status": str(batch.status),
        "completed_phases": _PHASES,
        "successful_essays": done,
        "failed_essays": failed,
        "duration_seconds": seconds,
        "message": f"Pipeline completed: {batch.status}",
    }
    return [
        _teacher(move, "batch_results_ready", results, "processing_results", "high"),
        _progress(move, "pipeline_completed", ended, "high"),
    ]


def _summary(move: ScenarioMove, phase: str, status: str) -> Data:
    failed = sum(essay.spellcheck_status == "failed" for essay in move.batch.essays)
    total = len(move.batch.essays)
    return {
        "phase_name": phase,
        "phase_status": status,
        "success_count": total - failed,
        "failed_count": failed,
        "total_count": total,
        "message": f"Phase {phase} completed for batch: {total - failed} of {total} essays",
    }


def _phase_concluded(move: ScenarioMove, phase: str, status: str) -> Notification:
    """A notification that the orchestrator publishes itself, without category and the rest."""
    data: Data = {"batch_id": move.batch.batch_id, "phase": phase, "status": status}
    return Notification("batch_phase_concluded", {**data, **_stamp(move)})


def _progress(move: ScenarioMove, event: str, payload: Data, priority: str = "low") -> Notification:
    return _teacher(move, event, payload, "batch_progress", priority)


def _teacher(
    move: ScenarioMove, event: str, payload: Data, category: str, priority: str
) -> Notification:
    """A notification in the envelope of those that come over Kafka."""
    envelope: Data = {
        "category": category,
        "priority": priority,
        "action_required": False,
        "deadline": None,
        "batch_id": move.batch.batch_id,
        "class_id": None,
    }
    return Notification(event, {**payload, **envelope, **_stamp(move)})


def _stamp(move: ScenarioMove) -> Data:
    name = f"scenario/{move.batch.batch_id}/{move.cycle}"
    return {"timestamp": f"{move.at.isoformat()}+00:00", "correlation_id": fixed_id(name)}
