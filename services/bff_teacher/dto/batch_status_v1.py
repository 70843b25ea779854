"""The statuses of a batch, and those by which the dashboard filters."""

from enum import StrEnum


class BatchStatusV1(StrEnum):
    """The state of a batch, as far as any source tells it.

    `not_started`: files may be missing, matching may run, or all is ready: no source says which.
    `awaiting_review`: suggested matches wait for the teacher.
    `ready`: the matches are confirmed; nothing starts by itself.
    `retried`: a phase was started again, and no source says whether it still runs.
    """

    NOT_STARTED = "not_started"
    AWAITING_REVIEW = "awaiting_review"
    READY = "ready"
    PROCESSING = "processing"
    RETRIED = "retried"
    COMPLETED_SUCCESSFULLY = "completed_successfully"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StatusFilterV1(StrEnum):
    """Words of the results aggregator, by which its list is filtered."""

    PENDING_CONTENT = "pending_content"
    READY = "ready"
    PROCESSING = "processing"
    COMPLETED_SUCCESSFULLY = "completed_successfully"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    FAILED = "failed"
    CANCELLED = "cancelled"


MERGED_STATUSES = frozenset(
    {StatusFilterV1.PENDING_CONTENT, StatusFilterV1.PROCESSING, StatusFilterV1.FAILED}
)
"""Words that stand for several of RAS's own, so that their pages are merged."""
