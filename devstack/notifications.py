"""What the platform's services say on a teacher's channel while a batch moves, in their own shapes."""

from collections.abc import Callable
from dataclasses import dataclass

from devstack.scenario import Move
from devstack.seed import Essay
from devstack.seed.ids import fixed_id

Data = dict[str, object]
_PHASES = ["spellcheck", "cj_assessment"]


@dataclass(frozen=True, slots=True)
class Notification:
    """`{"event", "data"}` as it goes over Redis."""

    event: str
    data: Data


def channel_of(user_id: str) -> str:
    return f"ws:{user_id}"


def notifications_of(move: Move) -> list[Notification]:
    """In the order in which the services send them; none for a move that nobody announces."""
    told = _BY_MOVE.get(move.name.partition("_")[0] if move.changed else move.name)
    return told(move) if told else []


def _uploaded(move: Move) -> list[Notification]:
    return [_file_uploaded(move, essay) for essay in move.changed]


def _file_uploaded(move: Move, essay: Essay) -> Notification:
    payload: Data = {
        "file_upload_id": essay.file_upload_id,
        "filename": essay.filename,
        "message": f"File '{essay.filename}' uploaded successfully",
        "upload_status": "completed",
    }
    return _teacher(move, "batch_files_uploaded", payload, "file_operations", "standard")


def _started(move: Move) -> list[Notification]:
    payload: Data = {
        "requested_pipeline": "cj_assessment",
        "resolved_pipeline": _PHASES,
        "first_phase": "spellcheck",
        "total_phases": len(_PHASES),
        "message": "Processing started: Initiating spellcheck phase",
    }
    return [_teacher(move, "batch_processing_started", payload, "batch_progress", "low")]


def _spellchecked(move: Move) -> list[Notification]:
    return [
        Notification(
            "essay_status_updated",
            {
                "essay_id": essay.essay_id,
                "status": "spellchecked_success"
                if essay.spellcheck_status == "completed"
                else "spellcheck_failed",
                **_stamp(move),
            },
        )
        for essay in move.changed
    ]


def _spellcheck_concluded(move: Move) -> list[Notification]:
    status = move.batch.phases[0].status
    summary = _summary(move, "spellcheck", status)
    return [
        _teacher(move, "batch_spellcheck_completed", summary, "batch_progress", "low"),
        _phase_concluded(move, "spellcheck", status),
    ]


def _assessed(move: Move) -> list[Notification]:
    status = move.batch.phases[1].status
    if status == "failed":
        return [_phase_concluded(move, "cj_assessment", status)]
    ranked = sum(essay.cj_rank is not None for essay in move.batch.essays)
    payload: Data = {
        "assessment_job_id": str(move.step),
        "rankings_available": ranked > 0,
        "rankings_count": ranked,
        "message": f"Comparative judgment assessment completed for batch {move.batch.batch_id}",
    }
    summary = _summary(move, "cj_assessment", "completed_successfully")
    return [
        _teacher(move, "batch_cj_assessment_completed", summary, "batch_progress", "standard"),
        _teacher(move, "batch_assessment_completed", payload, "processing_results", "standard"),
    ]


def _assessment_concluded(move: Move) -> list[Notification]:
    if move.batch.phases[1].status == "failed":
        return []
    return [_phase_concluded(move, "cj_assessment", "completed_successfully")]


def _completed(move: Move) -> list[Notification]:
    batch = move.batch
    if batch.processing_completed_at is None or batch.processing_started_at is None:
        return []
    seconds = (batch.processing_completed_at - batch.processing_started_at).total_seconds()
    done, failed = batch.completed_essay_count, batch.failed_essay_count
    results: Data = {
        "total_essays": batch.essay_count,
        "completed_essays": done,
        "overall_status": str(batch.status),
        "processing_duration_seconds": seconds,
        "phase_results": {phase: _phase_result(done, failed) for phase in _PHASES},
        "message": (
            f"Batch {batch.batch_id} processing completed with {done}/{batch.essay_count} essays"
        ),
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
        _teacher(move, "pipeline_completed", ended, "batch_progress", "high"),
    ]


def _phase_result(done: int, failed: int) -> Data:
    return {
        "status": "completed",
        "completed_count": done,
        "failed_count": failed,
        "processing_time_seconds": None,
    }


def _summary(move: Move, phase: str, status: str) -> Data:
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


def _phase_concluded(move: Move, phase: str, status: str) -> Notification:
    """The orchestrator's own, straight to Redis: without category and the rest."""
    data: Data = {"batch_id": move.batch.batch_id, "phase": phase, "status": status}
    return Notification("batch_phase_concluded", {**data, **_stamp(move)})


def _teacher(move: Move, event: str, payload: Data, category: str, priority: str) -> Notification:
    """As the websocket service writes down a teacher notification that came over Kafka."""
    envelope: Data = {
        "category": category,
        "priority": priority,
        "action_required": False,
        "deadline": None,
        "batch_id": move.batch.batch_id,
        "class_id": None,
    }
    return Notification(event, {**payload, **envelope, **_stamp(move)})


def _stamp(move: Move) -> Data:
    name = f"scenario/{move.batch.batch_id}/{move.cycle}"
    return {"timestamp": f"{move.at.isoformat()}+00:00", "correlation_id": fixed_id(name)}


_BY_MOVE: dict[str, Callable[[Move], list[Notification]]] = {
    "uploaded": _uploaded,
    "started": _started,
    "spellchecked": _spellchecked,
    "spellcheck_concluded": _spellcheck_concluded,
    "assessed": _assessed,
    "assessment_concluded": _assessment_concluded,
    "completed": _completed,
}
