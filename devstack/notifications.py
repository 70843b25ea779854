"""The notifications that the platform's services publish to a teacher."""

import asyncio
import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

Data = dict[str, object]
SUCCESS = "completed_successfully"
_PUBLISH_SECONDS = 2.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notification:
    """A message `{"event", "data"}` on the Redis channel of a user."""

    user_id: str
    event: str
    data: Data


async def publish(redis: Redis, notifications: Iterable[Notification]) -> int:
    """The number of published notifications: they are lost while Redis is away."""
    published = 0
    try:
        async with asyncio.timeout(_PUBLISH_SECONDS):
            for one in notifications:
                text = json.dumps({"event": one.event, "data": one.data})
                await redis.publish(f"ws:{one.user_id}", text)
                published += 1
    except (RedisError, OSError, TimeoutError) as error:
        log.warning("A notification was not published: %s", type(error).__name__)
    return published


class Announcer:
    """The notifications about one batch, in the envelope of those that come over Kafka.

    `at` is aware. Without it and a correlation id they are of now, and of a new request.
    """

    def __init__(
        self,
        batch_id: str,
        user_id: str,
        at: datetime | None = None,
        correlation_id: str | None = None,
    ) -> None:
        self.batch_id = batch_id
        self.user_id = user_id
        self._stamp: Data = {
            "timestamp": (at or datetime.now(UTC)).isoformat(),
            "correlation_id": correlation_id or str(uuid4()),
        }

    def file_uploaded(self, upload_id: str, filename: str) -> Notification:
        """The file was received, and not looked at yet."""
        payload: Data = {
            "file_upload_id": upload_id,
            "filename": filename,
            "message": f"File '{filename}' uploaded successfully",
            "upload_status": "completed",
        }
        return self._send("batch_files_uploaded", "file_operations", "standard", payload)

    def file_removed(self, upload_id: str) -> Notification:
        name = f"file_{upload_id}"
        payload: Data = {
            "file_upload_id": upload_id,
            "filename": name,
            "message": f"File '{name}' removed",
        }
        return self._send("batch_file_removed", "file_operations", "standard", payload)

    def file_refused(self, upload_id: str, filename: str, code: str, reason: str) -> Notification:
        payload: Data = {
            "file_upload_id": upload_id,
            "filename": filename,
            "validation_error": code,
            "error_message": reason,
            "message": f"File '{filename}' failed validation: {reason}",
        }
        alert = {"action_required": True}
        return self._send("batch_validation_failed", "system_alerts", "immediate", payload, **alert)

    def processing_started(self, pipeline: str, phases: Sequence[str]) -> Notification:
        payload: Data = {
            "requested_pipeline": pipeline,
            "resolved_pipeline": list(phases),
            "first_phase": phases[0],
            "total_phases": len(phases),
            "message": f"Processing started: Initiating {phases[0]} phase",
        }
        return self._send("batch_processing_started", "batch_progress", "low", payload)

    def phase_completed(
        self, phase: str, status: str, succeeded: int, failed: int = 0
    ) -> Notification:
        total = succeeded + failed
        payload: Data = {
            "phase_name": phase,
            "phase_status": status,
            "success_count": succeeded,
            "failed_count": failed,
            "total_count": total,
            "message": f"Phase {phase} completed for batch: {succeeded} of {total} essays",
        }
        priority = "low" if phase == "spellcheck" else "standard"
        return self._send(f"batch_{phase}_completed", "batch_progress", priority, payload)

    def phase_concluded(self, phase: str, status: str) -> Notification:
        """The orchestrator publishes it itself, without category and the rest."""
        data: Data = {"batch_id": self.batch_id, "phase": phase, "status": status, **self._stamp}
        return Notification(self.user_id, "batch_phase_concluded", data)

    def assessment_completed(self, job_id: str, ranked: int) -> Notification:
        payload: Data = {
            "assessment_job_id": job_id,
            "rankings_available": ranked > 0,
            "rankings_count": ranked,
            "message": f"Comparative judgment assessment completed for batch {self.batch_id}",
        }
        event, category = "batch_assessment_completed", "processing_results"
        return self._send(event, category, "standard", payload)

    def results_ready(self, phases: Sequence[str], total: int, seconds: float) -> Notification:
        phase = {
            "status": "completed",
            "completed_count": total,
            "failed_count": 0,
            "processing_time_seconds": None,
        }
        payload: Data = {
            "total_essays": total,
            "completed_essays": total,
            "overall_status": SUCCESS,
            "processing_duration_seconds": seconds,
            "phase_results": dict.fromkeys(phases, phase),
            "message": f"Batch {self.batch_id} processing completed with {total}/{total} essays",
        }
        return self._send("batch_results_ready", "processing_results", "high", payload)

    def pipeline_completed(
        self, phases: Sequence[str], total: int, seconds: float, *, failed: bool = False
    ) -> Notification:
        """The orchestrator's end: one essay failed where a phase did, and none otherwise."""
        # The platform's own text names the member of its enumeration.
        success = "Pipeline completed successfully: BatchStatus.COMPLETED_SUCCESSFULLY"
        payload: Data = {
            "final_status": "completed_with_failures" if failed else SUCCESS,
            "completed_phases": list(phases),
            "successful_essays": total - failed,
            "failed_essays": int(failed),
            "duration_seconds": seconds,
            "message": "Pipeline completed with failures" if failed else success,
        }
        urgency = "immediate" if failed else "high"
        alert = {"action_required": failed}
        return self._send("pipeline_completed", "batch_progress", urgency, payload, **alert)

    def _send(
        self, event: str, category: str, priority: str, payload: Data, **changes: object
    ) -> Notification:
        envelope: Data = {
            "category": category,
            "priority": priority,
            "action_required": False,
            "deadline": None,
            "batch_id": self.batch_id,
            "class_id": None,
        }
        return Notification(self.user_id, event, {**payload, **envelope, **self._stamp, **changes})
