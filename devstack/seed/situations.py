"""The situations in which the platform can leave a batch, one for each row of the truth table."""

from enum import StrEnum


class Situation(StrEnum):
    """The value is the row's name. Some rows differ in events only, and look alike over HTTP."""

    # Registered a moment ago: only the orchestrator has the batch.
    NOT_IN_RESULTS = "not_in_results"
    REGISTERED = "registered"
    UPLOADING = "uploading"
    # A file was refused, or too few were sent: it waits for ever and looks like `uploading`.
    UPLOAD_FAILED = "upload_failed"
    # Every file of a class's batch is there; CMS has no suggestion yet.
    MATCHING = "matching"
    AWAITING_CONFIRMATION = "awaiting_confirmation"
    # No pupil was suggested for any essay: it waits for ever and looks like `matching`.
    UNMATCHED = "unmatched"
    # A person has confirmed, which CMS does not keep: it looks like `awaiting_confirmation`.
    CONFIRMED = "confirmed"
    TIMED_OUT = "timed_out"
    # CMS's own suggestions have replaced the person's decision: it looks like `timed_out`.
    TIMED_OUT_AFTER_CONFIRMATION = "timed_out_after_confirmation"
    # A guest batch with every file, which nobody has started.
    READY = "ready"
    # A start was accepted and refused afterwards: it looks like `ready`.
    DENIED = "denied"
    SPELLCHECK_RUNNING = "spellcheck_running"
    # RAS calls the batch completed as soon as its first phase is.
    ASSESSMENT_RUNNING = "assessment_running"
    ASSESSMENT_RUNNING_WITH_FAILURES = "assessment_running_with_failures"
    # The assessment has failed as a whole, and nobody is told: it looks like `assessment_running`.
    ASSESSMENT_STUCK = "assessment_stuck"
    DONE = "done"
    # The orchestrator counts no single essay: only the essays themselves show what failed.
    PARTLY_FAILED = "partly_failed"
    FIRST_PHASE_FAILED = "first_phase_failed"
    LATER_PHASE_FAILED = "later_phase_failed"
    # The retried phase stays requested for ever, also after it has succeeded.
    RETRIED = "retried"
    # The failed first phase stays failed while the next one runs.
    STARTED_AGAIN = "started_again"
    ENDED_WITH_FAILED_PHASE = "ended_with_failed_phase"
    # A second pipeline runs; RAS keeps the end of the first.
    SECOND_PIPELINE = "second_pipeline"


# CMS has no suggestion for a batch in these situations.
WITHOUT_SUGGESTIONS = frozenset(
    {
        Situation.NOT_IN_RESULTS,
        Situation.REGISTERED,
        Situation.UPLOADING,
        Situation.UPLOAD_FAILED,
        Situation.MATCHING,
        Situation.UNMATCHED,
    }
)
# Something for the teacher to do, or to know: confirm, start, upload again, ask for help.
WANTS_TEACHER = frozenset(
    {
        Situation.AWAITING_CONFIRMATION,
        Situation.UNMATCHED,
        Situation.UPLOAD_FAILED,
        Situation.READY,
        Situation.DENIED,
        Situation.ASSESSMENT_STUCK,
        Situation.PARTLY_FAILED,
        Situation.FIRST_PHASE_FAILED,
        Situation.LATER_PHASE_FAILED,
        Situation.RETRIED,
        Situation.ENDED_WITH_FAILED_PHASE,
    }
)
