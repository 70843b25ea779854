"""What the results aggregator sends, and the words that it filters by."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

FILTER_WORDS: Mapping[str, tuple[str, ...]] = {
    "pending_content": ("awaiting_content_validation", "awaiting_pipeline_configuration"),
    "ready": ("ready_for_pipeline_execution",),
    "processing": (
        "processing_pipelines",
        "awaiting_student_validation",
        "student_validation_completed",
        "validation_timeout_processed",
    ),
    "completed_successfully": ("completed_successfully",),
    "completed_with_failures": ("completed_with_failures",),
    "failed": ("content_ingestion_failed", "failed_critically"),
    "cancelled": ("cancelled",),
}
"""RAS answers in the client's words (left) and filters by its internal ones (right)."""

AWAITING_REVIEW = "awaiting_student_validation"


class Batch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A batch without its essays. Times are UTC that does not say so; words stay text.

    Here and in the other contracts: what comes from JSON holds nothing that holds it, so that the
    garbage collector need not look at the thousands of rows that are kept.
    """

    batch_id: str
    user_id: str
    overall_status: str
    essay_count: int
    completed_essay_count: int
    failed_essay_count: int
    created_at: datetime
    last_updated: datetime
    assignment_id: str | None = None
    requested_pipeline: str | None = None
    current_phase: str | None = None
    processing_completed_at: datetime | None = None


class Pagination(msgspec.Struct, frozen=True, gc=False):
    """`total` is a real count of what the filter lets through."""

    limit: int
    offset: int
    total: int


class BatchPage(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Newest first; what is worked out of a page is kept with it. `skipped` counts rows that do not keep the contract; RAS never sends it."""

    batches: tuple[Batch, ...]
    pagination: Pagination
    skipped: int = 0
