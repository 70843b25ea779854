"""Bodies of the results aggregator, and the status words that it filters by."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

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
"""Status in RAS's bodies to the internal statuses that its `status` filter takes."""

UNSCORED_RANK = 999
"""The rank of an essay without a score; its score is exactly zero then."""


class EssayStage(msgspec.Struct, frozen=True, kw_only=True):
    """Progress of an essay: `completed`, `failed` or nothing for each phase."""

    spellcheck_status: str | None = None
    cj_assessment_status: str | None = None


class BatchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A batch. Times are UTC without an offset; statuses stay text.

    `essays` are unordered, may be fewer than expected, and are often empty at first.
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
    essays: tuple[EssayStage, ...] = ()


class Pagination(msgspec.Struct, frozen=True):
    """`total` counts all rows that pass the filter."""

    limit: int
    offset: int
    total: int


class BatchPage(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first. `skipped` counts rows that do not fit the contract; RAS never sends it."""

    batches: tuple[BatchSummary, ...]
    pagination: Pagination
    skipped: int = 0


class ErrorDetail(msgspec.Struct, frozen=True):
    """The code alone; the rest is a long dump with a stack trace."""

    error_code: str | None = None


class EssayRecord(EssayStage, frozen=True, kw_only=True):
    """`cj_rank` counts anchor texts, too; `cj_score` may be negative, infinite or NaN."""

    essay_id: str
    last_updated: datetime
    filename: str | None = None
    file_upload_id: str | None = None
    spellcheck_correction_count: int | None = None
    spellcheck_corrected_text_storage_id: str | None = None
    spellcheck_error_detail: ErrorDetail | None = None
    cj_rank: int | None = None
    cj_score: float | None = None
    cj_assessment_error_detail: ErrorDetail | None = None


class BatchWithEssays(BatchSummary, frozen=True, kw_only=True):
    """`skipped` counts essays that do not fit the contract; RAS never sends it."""

    essays: tuple[EssayRecord, ...]
    student_prompt_ref: Any = None
    skipped: int = 0

    @property
    def prompt_storage_id(self) -> str | None:
        """Storage id of the assignment's text; None when the batch has none."""
        match self.student_prompt_ref:
            case {"references": {"student_prompt_text": {"storage_id": str(storage_id)}}}:
                return storage_id
            case _:
                return None


class OwnedEssay(EssayRecord, frozen=True, kw_only=True):
    """An essay from its own route, with its batch and the batch's owner."""

    batch_id: str
    user_id: str
