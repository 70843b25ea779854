"""Notices from the platform's notifications, and what stands for their log without Redis."""

from collections.abc import Mapping

from bff_core.context import UserId
from services.bff_teacher.live.event_log import EventLogUnavailable
from services.bff_teacher.live.platform_notifications import PlatformNotification
from services.bff_teacher.ports.notices import Importance, Notice, NoticeId, NoticePage

KINDS: Mapping[str, str] = {
    "batch_files_uploaded": "file_accepted",
    "batch_validation_failed": "file_rejected",
    "batch_file_removed": "file_removed",
    "batch_processing_started": "processing_started",
    "batch_spellcheck_completed": "phase_completed",
    "batch_cj_assessment_completed": "phase_completed",
    "batch_nlp_completed": "phase_completed",
    "batch_phase_concluded": "phase_concluded",
    "batch_assessment_completed": "assessment_completed",
    "batch_results_ready": "results_ready",
    "pipeline_completed": "pipeline_completed",
    "pipeline_denied_insufficient_credits": "start_denied",
    "pipeline_denied_rate_limit": "start_denied",
    "class_created": "class_created",
    "student_added_to_class": "student_added",
    "validation_timeout_processed": "matches_auto_confirmed",
    "student_associations_confirmed": "matches_confirmed",
    "essay_status_updated": "essay_changed",
}
_PHASES: Mapping[str, str] = {
    "batch_spellcheck_completed": "spellcheck",
    "batch_cj_assessment_completed": "cj_assessment",
    "batch_nlp_completed": "nlp",
}
_REASONS: Mapping[str, str] = {
    "pipeline_denied_insufficient_credits": "insufficient_credits",
    "pipeline_denied_rate_limit": "rate_limit",
}
_IMPORTANCE: Mapping[str, Importance] = {
    "critical": "high",
    "immediate": "high",
    "high": "high",
    "low": "low",
}


def notice_of(notification: PlatformNotification) -> Notice | None:
    """The notice; None for an event that nobody knows."""
    event = notification.event
    if event is None:
        return None
    file = notification.file
    return Notice(
        at=notification.at,
        kind=KINDS[event],
        importance=_IMPORTANCE.get(notification.priority or "", "normal"),
        needs_action=notification.needs_action,
        batch_id=notification.batch_id,
        class_id=notification.class_id,
        phase=_PHASES.get(event, notification.phase),
        file_upload_id=file.file_upload_id if file else None,
        reason=file.reason if file else _REASONS.get(event),
    )


class NullNotices:
    """There is no Redis."""

    async def append(self, user_id: UserId, digest: str, notice: Notice) -> bool:
        del user_id, digest, notice
        raise EventLogUnavailable

    async def page(self, user_id: UserId, before: NoticeId | None, limit: int) -> NoticePage:
        del user_id, before, limit
        raise EventLogUnavailable

    async def mark_read(self, user_id: UserId, up_to: NoticeId) -> NoticePage:
        del user_id, up_to
        raise EventLogUnavailable
