"""What the platform publishes for a teacher on Redis: words that we know, nothing else of it."""

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

PHASES = frozenset({"spellcheck", "ai_feedback", "cj_assessment", "nlp", "student_matching"})

_WORK = ("spellchecking", "nlp_processing", "ai_feedback_processing", "editor_revision_processing")
_STEPS = ("spellcheck", "nlp", "ai_feedback", "editor_revision", "grammar_check", "cj_assessment")
_OF_ESSAYS = {
    "uploaded",
    "text_extracted",
    "content_ingesting",
    "content_ingestion_failed",
    "ready_for_processing",
    "spellchecked_success",
    "all_processing_completed",
    "essay_critical_failure",
    *(f"awaiting_{step}" for step in _STEPS),
    *(f"{step}_{end}" for step in _STEPS for end in ("success", "failed")),
    *(f"{work}_in_progress" for work in _WORK),
    "grammar_check_processing_in_progress",
    "cj_assessment_processing_in_progress",
} - {"spellcheck_success"}
_OF_PHASES = {
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

STATUSES = frozenset(_OF_ESSAYS | _OF_PHASES)
"""Of essays, of phases and of pipelines: one field holds any of them."""


def channel_of(user_id: str) -> str:
    """Where the platform publishes for a user."""
    return f"ws:{user_id}"
