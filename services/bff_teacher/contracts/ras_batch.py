"""What the results aggregator sends of one batch with its essays, and of one essay."""

from datetime import datetime
from typing import Any

import msgspec

from services.bff_teacher.contracts.ras import Batch

UNSCORED_RANK = 999
"""What RAS ranks an essay that has no score, together with a score of exactly zero."""


class ErrorDetail(msgspec.Struct, frozen=True, gc=False):
    """Of a long dump with a stack trace in it, the one word that we read."""

    error_code: str | None = None


class Essay(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`cj_rank` counts anchor texts, too; `cj_score` may be negative or no number at all."""

    essay_id: str
    last_updated: datetime
    filename: str | None = None
    file_upload_id: str | None = None
    spellcheck_status: str | None = None
    spellcheck_correction_count: int | None = None
    spellcheck_corrected_text_storage_id: str | None = None
    spellcheck_error_detail: ErrorDetail | None = None
    cj_assessment_status: str | None = None
    cj_rank: int | None = None
    cj_score: float | None = None
    cj_assessment_error_detail: ErrorDetail | None = None


class BatchWithEssays(Batch, frozen=True, kw_only=True, gc=False):
    """`essays` come in no order, may be fewer than expected, and often none at first.

    `skipped` counts essays that do not keep the contract; RAS never sends it.
    """

    essays: tuple[Essay, ...]
    student_prompt_ref: Any = None
    skipped: int = 0

    @property
    def prompt_storage_id(self) -> str | None:
        """Where the assignment's text lies; None when the batch has none."""
        match self.student_prompt_ref:
            case {"references": {"student_prompt_text": {"storage_id": str(storage_id)}}}:
                return storage_id
            case _:
                return None


class OwnedEssay(Essay, frozen=True, kw_only=True, gc=False):
    """An essay as its own route gives it, with the batch it is in and whose that is."""

    batch_id: str
    user_id: str
