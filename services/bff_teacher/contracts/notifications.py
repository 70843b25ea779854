"""Notifications that the platform publishes for a user: the known events, phases and statuses."""

EVENTS = frozenset(
    {
        "batch_phase_concluded",
        "essay_status_updated",
        "batch_processing_started",
        "pipeline_completed",
        "pipeline_denied_insufficient_credits",
        "pipeline_denied_rate_limit",
        "batch_results_ready",
        "batch_assessment_completed",
        "batch_spellcheck_completed",
        "batch_cj_assessment_completed",
        "batch_nlp_completed",
        "class_created",
        "student_added_to_class",
        "validation_timeout_processed",
        "student_associations_confirmed",
        "batch_files_uploaded",
        "batch_file_removed",
        "batch_validation_failed",
    }
)

PRIORITIES = frozenset({"critical", "immediate", "high", "standard", "low"})

PHASES = frozenset({"spellcheck", "ai_feedback", "cj_assessment", "nlp", "student_matching"})

_WORK_IN_PROGRESS = (
    "spellchecking",
    "nlp_processing",
    "ai_feedback_processing",
    "editor_revision_processing",
)
_PROCESSING_STEPS = (
    "spellcheck",
    "nlp",
    "ai_feedback",
    "editor_revision",
    "grammar_check",
    "cj_assessment",
)
_ESSAY_STATUSES = {
    "uploaded",
    "text_extracted",
    "content_ingesting",
    "content_ingestion_failed",
    "ready_for_processing",
    "spellchecked_success",
    "all_processing_completed",
    "essay_critical_failure",
    *(f"awaiting_{step}" for step in _PROCESSING_STEPS),
    *(f"{step}_{outcome}" for step in _PROCESSING_STEPS for outcome in ("success", "failed")),
    *(f"{work}_in_progress" for work in _WORK_IN_PROGRESS),
    "grammar_check_processing_in_progress",
    "cj_assessment_processing_in_progress",
} - {"spellcheck_success"}
_PHASE_STATUSES = {
    "pending",
    "initialized",
    "processing",
    "requested_by_user",
    "pending_dependencies",
    "dispatch_initiated",
    "in_progress",
    "completed",
    "completed_successfully",
    "completed_with_partial_success",
    "completed_with_failures",
    "failed",
    "skipped_due_to_dependency_failure",
    "skipped_by_user_config",
    "cancelled",
}

STATUSES = frozenset(_ESSAY_STATUSES | _PHASE_STATUSES)
"""Values of the field `status`: statuses of essays, phases and pipelines."""


def channel_of(user_id: str) -> str:
    """Redis channel on which the platform publishes for a user."""
    return f"ws:{user_id}"
