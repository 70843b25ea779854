"""Facts from which the state of a batch is derived, and the state.

They are structs, because a dashboard makes a hundred, and a frozen dataclass takes several times as
long.
"""

from datetime import datetime
from enum import Enum
from typing import Literal

import msgspec

from services.bff_teacher.confirmations.upload import BatchRecord
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1
from services.bff_teacher.events.model import Denial

StatusSource = Literal["ras", "bos", "files", "cms", "ledger", "events"]
WaitsFor = Literal["files", "matching", "no_matches"]
PhaseStatus = Literal[
    "waiting", "running", "completed", "failed", "retried", "skipped", "cancelled"
]


class Unknown(Enum):
    """The only value stands for a fact that no source gave."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN


class Phase(msgspec.Struct, frozen=True):
    """A phase of the pipeline; without `completed_at` until it has ended."""

    name: str
    status: PhaseStatus
    started_at: datetime | None
    completed_at: datetime | None


class Matching(msgspec.Struct, frozen=True):
    """Suggested matches of a batch at CMS.

    `pending` is None when CMS's timer may have confirmed them meanwhile. `since` is the time of the
    oldest pending one.
    """

    total: int
    pending: int | None
    since: datetime | None = None


class Attention(msgspec.Struct, frozen=True):
    """Matches that a batch waits for; with `confirmed_at`, it no longer does.

    CMS confirms by itself between `auto_confirm_from` and `auto_confirm_by`.
    """

    pending: int | None
    unmatched: int
    auto_confirm_from: datetime | None
    auto_confirm_by: datetime | None
    confirmed_at: datetime | None


class BatchTruth(msgspec.Struct, frozen=True, kw_only=True):
    """State of a batch; `status` and its source are None when no source says it.

    `phases` is None when they could not be read. Without `attention_known`, a missing `attention`
    proves nothing. `record` is what was done with the batch from here, before its first phase.
    Only events tell `waits_for`, the files and `denial`; None where they do not.
    """

    status: BatchStatusV1 | None
    status_source: StatusSource | None
    is_final: bool
    completed_at: datetime | None
    processing_phase: str | None
    phases: tuple[Phase, ...] | None
    completed_essays: int
    failed_essays: int
    progress_percent: int | None
    attention: Attention | None
    attention_known: bool
    record: BatchRecord | None = None
    waits_for: WaitsFor | None = None
    placed_files: int | None = None
    rejected_files: int | None = None
    denial: Denial | None = None

    @property
    def needs_attention(self) -> bool | None:
        """True if the teacher has something to decide or look at; None if that is not known."""
        if self.status in {BatchStatusV1.FAILED, BatchStatusV1.COMPLETED_WITH_FAILURES}:
            return True
        if self.waits_for == "no_matches" or self.denial is not None:
            return True
        if self.waits_for == "files" and self.rejected_files:
            return True
        if not self.attention_known:
            return None
        return self.attention is not None and self.attention.pending != 0


class StatusFact(msgspec.Struct, frozen=True):
    """A status and its source; with `ended`, no more processing follows."""

    status: BatchStatusV1 | None = None
    source: StatusSource | None = None
    ended: bool = False
    phase: str | None = None
    completed_at: datetime | None = None


NO_STATUS = StatusFact()
