"""The seven words that a batch's state has for a teacher."""

from enum import StrEnum


class BatchStatusV1(StrEnum):
    PENDING_CONTENT = "pending_content"
    READY = "ready"
    PROCESSING = "processing"
    COMPLETED_SUCCESSFULLY = "completed_successfully"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    FAILED = "failed"
    CANCELLED = "cancelled"


WIDE = frozenset({BatchStatusV1.PENDING_CONTENT, BatchStatusV1.PROCESSING, BatchStatusV1.FAILED})
"""Words that stand for several states at the source, so that their pages are merged."""

NEEDS_ATTENTION = frozenset({BatchStatusV1.COMPLETED_WITH_FAILURES, BatchStatusV1.FAILED})
