"""The state of a seeded batch as the screens show it, without code of the services."""

from datetime import datetime, timedelta
from typing import Any

from devstack.seed import Dataset, SeededBatch, Situation

STATUSES = {
    "not_started",
    "awaiting_review",
    "ready",
    "processing",
    "retried",
    "completed_successfully",
    "completed_with_failures",
    "failed",
    "cancelled",
}
NOT_STARTED, IN_REVIEW, READY = ("not_started", "bos"), ("awaiting_review", "cms"), ("ready", "cms")
RUNNING, FAILED = ("processing", "bos"), ("failed", "bos")
DONE, DONE_WITH_FAILURES = ("completed_successfully", "ras"), ("completed_with_failures", "ras")
STATUS_AND_SOURCE = {
    Situation.REGISTERED: NOT_STARTED,
    Situation.UPLOADING: NOT_STARTED,
    Situation.UPLOAD_FAILED: NOT_STARTED,
    Situation.MATCHING: NOT_STARTED,
    Situation.UNMATCHED: NOT_STARTED,
    Situation.READY: NOT_STARTED,
    Situation.DENIED: NOT_STARTED,
    Situation.AWAITING_CONFIRMATION: IN_REVIEW,
    Situation.CONFIRMED: IN_REVIEW,
    Situation.TIMED_OUT: READY,
    Situation.TIMED_OUT_AFTER_CONFIRMATION: READY,
    Situation.SPELLCHECK_RUNNING: RUNNING,
    Situation.ASSESSMENT_RUNNING: RUNNING,
    Situation.ASSESSMENT_RUNNING_WITH_FAILURES: RUNNING,
    Situation.ASSESSMENT_STUCK: RUNNING,
    Situation.STARTED_AGAIN: RUNNING,
    Situation.SECOND_PIPELINE: RUNNING,
    Situation.DONE: DONE,
    Situation.PARTLY_FAILED: DONE_WITH_FAILURES,
    Situation.ENDED_WITH_FAILED_PHASE: DONE_WITH_FAILURES,
    Situation.FIRST_PHASE_FAILED: FAILED,
    Situation.LATER_PHASE_FAILED: FAILED,
    Situation.RETRIED: ("retried", "bos"),
}
PHASE_STATUSES = {
    "pending_dependencies": "waiting",
    "dispatch_initiated": "running",
    "completed_successfully": "completed",
    "failed": "failed",
    "requested_by_user": "retried",
}
NO_ATTENTION = {"attention": None, "deviation_count": None, "auto_confirm_deadline": None}
UNTOLD = dict.fromkeys(("waits_for", "placed_files", "rejected_files", "start_denied"))
"""What only events tell, where none are read."""
OPEN = (None, None, "nothing_to_review", None, "nothing_to_retry", "not_finished", None)
FULL = "files_complete"
REASONS = {
    "not_started": OPEN,
    "awaiting_review": (FULL, FULL, None, "awaiting_review", *OPEN[4:]),
    "ready": (FULL, FULL, *OPEN[2:]),
    "processing": (*("processing",) * 5, *OPEN[5:]),
    "retried": (FULL, FULL, OPEN[2], "retried", None, *OPEN[5:]),
    "completed_successfully": ("locked", "locked", OPEN[2], "already_done", OPEN[4], None, None),
    "completed_with_failures": ("locked", "locked", OPEN[2], "already_done", None, None, None),
    "failed": ("locked", "locked", OPEN[2], "already_done", None, None, None),
}
"""Why each action is refused, in the order in which they are shown."""
REQUESTS = {
    "upload_files": ("POST", "files"),
    "remove_files": ("DELETE", "files/{file_upload_id}"),
    "review_matches": ("POST", "associations/confirm"),
    "start": ("POST", "pipelines"),
    "retry": ("POST", "phases/{phase}/retry"),
    "export": ("GET", "results.csv"),
    "set_title": ("PUT", "title"),
}
TIMER, ITS_PERIOD = timedelta(hours=24), timedelta(hours=1)


def zulu(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat() + "Z"


def state_of(data: Dataset, batch: SeededBatch, *, listed: bool = False) -> dict[str, Any]:
    """Listed batches that RAS calls finished come without phases, and so without a second pipeline."""
    finished = listed and batch.processing_completed_at is not None
    status, source = STATUS_AND_SOURCE[batch.situation]
    if finished and batch.situation is Situation.SECOND_PIPELINE:
        status, source = DONE
    phases = phases_of(batch)
    running = next((one["name"] for one in phases if one["status"] == "running"), None)
    failed = sum(one.spellcheck_status == "failed" for one in batch.visible_essays)
    completed = sum(one.spellcheck_status == "completed" for one in batch.visible_essays)
    is_final = status in {"completed_successfully", "completed_with_failures", "failed"}
    return {
        "status": status,
        "status_source": source,
        "processing_phase": running if status == "processing" else None,
        "phases": None if finished else phases,
        **(attention_of(data, batch) if status == "awaiting_review" else NO_ATTENTION),
        "completed_essays": completed,
        "failed_essays": failed,
        "progress_percent": progress(batch, completed + failed, is_final=is_final),
        **UNTOLD,
        "is_final": is_final,
        "completed_at": ended_at(batch, phases) if is_final else None,
        "actions": actions_of(batch, status, phases),
    }


def actions_of(
    batch: SeededBatch, status: str, phases: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    reasons = REASONS[status]
    if status == "failed" and not any(one["status"] == "completed" for one in phases):
        # The only phase that has begun does not lock; its files are complete all the same.
        reasons = (FULL, FULL, *reasons[2:])
    return [
        {
            "name": name,
            "allowed": reason is None,
            "reason": reason,
            "href": f"/bff/v1/teacher/batches/{batch.batch_id}/{path}",
            "method": method,
        }
        for (name, (method, path)), reason in zip(REQUESTS.items(), reasons, strict=True)
    ]


def phases_of(batch: SeededBatch) -> list[dict[str, Any]]:
    shown = []
    for phase in batch.phases:
        if phase.status != "skipped_by_user_config":
            status = PHASE_STATUSES[phase.status]
            # The first phase has the time of its dispatch there until it ends.
            ended = phase.completed_at if status in {"completed", "failed"} else None
            times = {"started_at": zulu(phase.started_at), "completed_at": zulu(ended)}
            shown.append({"name": phase.name, "status": status, **times})
    return shown


def attention_of(data: Dataset, batch: SeededBatch) -> dict[str, Any]:
    rows = data.associations_of(batch.batch_id)
    deadline = rows[0].created_at + TIMER
    attention = {
        "kind": "student_matching",
        "pending": len(rows),
        "uncertain": None,
        "unmatched": batch.essay_count - len(rows),
        "auto_confirm_from": zulu(deadline),
        "auto_confirm_by": zulu(deadline + ITS_PERIOD),
        "confirmed_at": None,
    }
    return {
        "attention": attention,
        "deviation_count": len(rows),
        "auto_confirm_deadline": zulu(deadline),
    }


def progress(batch: SeededBatch, ended: int, *, is_final: bool) -> int | None:
    """Only the spellcheck's results are counted while the pipeline runs."""
    if is_final:
        return round(100 * ended / batch.essay_count)
    if batch.situation is Situation.SPELLCHECK_RUNNING:
        return min(99, round(100 * ended / batch.essay_count))
    return None


def ended_at(batch: SeededBatch, phases: list[dict[str, Any]]) -> str | None:
    failed = next((one["completed_at"] for one in phases if one["status"] == "failed"), None)
    return zulu(batch.processing_completed_at) or failed
