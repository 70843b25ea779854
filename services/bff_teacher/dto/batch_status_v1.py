"""The seven statuses of a batch."""

from enum import StrEnum


class BatchStatusV1(StrEnum):
    PENDING_CONTENT = "pending_content"
    READY = "ready"
    PROCESSING = "processing"
    COMPLETED_SUCCESSFULLY = "completed_successfully"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    FAILED = "failed"
    CANCELLED = "cancelled"


MERGED_STATUSES = frozenset(
    {BatchStatusV1.PENDING_CONTENT, BatchStatusV1.PROCESSING, BatchStatusV1.FAILED}
)
"""Statuses that stand for several of RAS's, so that their pages are merged."""

NEEDS_ATTENTION = frozenset({BatchStatusV1.COMPLETED_WITH_FAILURES, BatchStatusV1.FAILED})
