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
    """The notifications of a move in the order of the services.

    None for a silent one: the platform announces no registration, no suggestions of pupils and no
    confirmation of them, no essay's result, no state of RAS, and no end of a batch whose phase has
    failed.
    """
    critical = move.fails
    found: list[Notification] = []
    match move.name.partition("_"):
        case ("uploaded", _, _):
            found = _files_uploaded(move)
        case ("started", _, _):
            found = [_processing_started(move)]
        case ("spellcheck", _, "concluded"):
            found = [_phase_completed(move, "spellcheck"), _phase_concluded(move, "spellcheck")]
        case ("assessed", _, _) if critical:
            found = [_phase_completed(move, "cj_assessment", "standard")]
        case ("assessed", _, _):
            found = _batch_assessed(move)
        case ("assessment", _, "concluded") if critical:
            found = [_phase_concluded(move, "cj_assessment")]
        case ("assessment", _, "concluded"):
            found = [_phase_concluded(move, "cj_assessment"), *_batch_completed(move)]
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


def _batch_assessed(move: ScenarioMove) -> list[Notification]:
    ranked = sum(essay.cj_rank is not None for essay in move.batch.essays)
    payload: Data = {
        "assessment_job_id": str(move.step),
        "rankings_available": ranked > 0,
        "rankings_count": ranked,
        "message": f"Comparative judgment assessment completed for batch {move.batch.batch_id}",
    }
    completed, category = "batch_assessment_completed", "processing_results"
    return [
        _phase_completed(move, "cj_assessment", "standard"),
        _teacher(move, completed, payload, category, "standard"),
    ]


def _batch_completed(move: ScenarioMove) -> list[Notification]:
    """The orchestrator's end, which knows no single failed essay; RAS stores it later."""
    batch, total = move.batch, move.batch.essay_count
    started = min(one.started_at for one in batch.phases if one.started_at is not None)
    seconds = (move.at - started).total_seconds()
    phase = {
        "status": "completed",
        "completed_count": total,
        "failed_count": 0,
        "processing_time_seconds": None,
    }
    results: Data = {
        "total_essays": total,
        "completed_essays": total,
        "overall_status": _SUCCESS,
        "processing_duration_seconds": seconds,
        "phase_results": dict.fromkeys(_PHASES, phase),
        "message": f"Batch {batch.batch_id} processing completed with {total}/{total} essays",
    }
    ended: Data = {
        "final_status": _SUCCESS,
        "completed_phases": _PHASES,
        "successful_essays": total,
        "failed_essays": 0,
        "duration_seconds": seconds,
        "message": f"Pipeline completed: {_SUCCESS}",
    }
    completed = [_progress(move, "pipeline_completed", ended, "high")]
    if any(essay.cj_assessment_status is None for essay in batch.essays):
        # RAS calls results ready only when every essay has a result of every phase.
        return completed
    return [
        _teacher(move, "batch_results_ready", results, "processing_results", "high"),
        *completed,
    ]


def _phase_completed(move: ScenarioMove, phase: str, priority: str = "low") -> Notification:
    status, succeeded, failed = _outcome(move, phase)
    total = succeeded + failed
    payload: Data = {
        "phase_name": phase,
        "phase_status": status,
        "success_count": succeeded,
        "failed_count": failed,
        "total_count": total,
        "message": f"Phase {phase} completed for batch: {succeeded} of {total} essays",
    }
    return _progress(move, f"batch_{phase}_completed", payload, priority)


def _outcome(move: ScenarioMove, phase: str) -> tuple[str, int, int]:
    """A phase's status and its numbers of good and failed essays.

    The assessment gets only the essays that the spellcheck has left.
    """
    failed = sum(essay.spellcheck_status == "failed" for essay in move.batch.essays)
    left = len(move.batch.essays) - failed
    if phase == "spellcheck":
        return "completed_with_failures" if failed else _SUCCESS, left, failed
    if move.fails:
        return "failed_critically", 0, left
    return _SUCCESS, left, 0


def _phase_concluded(move: ScenarioMove, phase: str) -> Notification:
    """A notification that the orchestrator publishes itself, without category and the rest."""
    status, _, _ = _outcome(move, phase)
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
