"""Screen 1: the class dashboard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from bff_core.inputs import QueryInt, Since
from services.bff_teacher.dto.batch_actions_v1 import EXAMPLE_ACTIONS, ActionsV1
from services.bff_teacher.dto.batch_state_v1 import (
    EXAMPLE_STATE,
    AttentionOrNoneV1,
    DeadlineV1,
    DeviationsV1,
    IsFinalV1,
    PhasesV1,
    PlacedFilesV1,
    ProcessingPhaseV1,
    ProgressV1,
    RejectedFilesV1,
    StartDenialOrNoneV1,
    StatusSourceV1,
    StatusV1,
    WaitsForV1,
)
from services.bff_teacher.dto.batch_status_v1 import MERGED_STATUSES, BatchStatusV1, StatusFilterV1
from services.bff_teacher.dto.batch_title_v1 import BatchCode, Title, TitleSource
from services.bff_teacher.dto.class_list_v1 import EXAMPLE_CLASS, TeacherClassV1
from services.bff_teacher.dto.credits_v1 import EXAMPLE_CREDITS, CreditsV1
from services.bff_teacher.dto.uuid_text import RequestedUuid, UuidText

MAX_MERGE_DEPTH = 500


class DashboardQuery(BaseModel):
    """`offset` stands last: its limit depends on `limit` and `status`.

    Filters beyond `status`, and another order, search the newest 500 batches only.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: QueryInt = Field(20, ge=1, le=100, description="Batches a page.")
    status: StatusFilterV1 | None = Field(
        None,
        description="Only batches to which the results aggregator gives this word. With"
        " `pending_content`, `processing` or `failed`, only the newest 500 can be read: `offset` and"
        " `limit` together are at most 500, whatever `has_more` says.",
    )
    state: tuple[BatchStatusV1, ...] = Field(
        (),
        description="Only batches whose `status` is this one, or one of several; looked for among"
        " the newest 100 that pass the other filters.",
    )
    no_class: bool = Field(
        default=False, description="Only batches of which no essay is matched with a student."
    )
    class_id: RequestedUuid | None = Field(None, description="Only batches of this class.")
    attention: bool = Field(
        default=False,
        description="Only batches with matches that wait for the teacher; looked for as `state` is.",
    )
    completed_since: Since | None = Field(
        None, description="Only batches that were finished then or later."
    )
    sort: Literal["newest", "last_change"] = Field(
        "newest", description="By creation or by last change, the latest first."
    )
    offset: QueryInt = Field(0, ge=0, le=1_000_000, description="Batches to pass over.")

    @property
    def is_searched(self) -> bool:
        """True when the results aggregator alone cannot answer."""
        wanted = self.state or self.class_id or self.no_class or self.attention
        return bool(wanted or self.completed_since or self.sort != "newest")

    @field_validator("class_id")
    @classmethod
    def _exclude_no_class(cls, class_id: str | None, info: ValidationInfo) -> str | None:
        if class_id and info.data.get("no_class"):
            raise ValueError("must not stand beside no_class")
        return class_id

    @field_validator("offset")
    @classmethod
    def _limit_merge_depth(cls, offset: int, info: ValidationInfo) -> int:
        """A status that stands for several of RAS's is merged from the beginning of each list."""
        needed = offset + info.data.get("limit", 0)
        if info.data.get("status") in MERGED_STATUSES and needed > MAX_MERGE_DEPTH:
            raise ValueError(f"With this status, offset + limit is at most {MAX_MERGE_DEPTH}")
        return offset


# A dataclass: its values are checked already.
@dataclass(slots=True)
class DashboardBatchV1:
    """A batch of the page."""

    batch_id: UuidText
    batch_code: BatchCode
    title: Title
    title_source: TitleSource
    class_id: UuidText | None
    class_name: str | None
    status: StatusV1
    status_source: StatusSourceV1
    processing_phase: ProcessingPhaseV1
    phases: PhasesV1
    attention: AttentionOrNoneV1
    deviation_count: DeviationsV1
    auto_confirm_deadline: DeadlineV1
    waits_for: WaitsForV1
    placed_files: PlacedFilesV1
    rejected_files: RejectedFilesV1
    start_denied: StartDenialOrNoneV1
    total_essays: Annotated[int, Field(description="Essays expected; fewer may have arrived.")]
    completed_essays: int
    failed_essays: int
    progress_percent: ProgressV1
    requested_pipeline: str | None
    is_final: IsFinalV1
    created_at: datetime
    last_updated: datetime
    completed_at: datetime | None
    actions: ActionsV1


EXAMPLE_BATCH: JsonDict = {
    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
    "batch_code": "3F0C6A52",
    "title": "eng5-autumn-essay",
    "title_source": "assignment",
    "class_id": "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f",
    "class_name": "EN5 9A ht25",
    **EXAMPLE_STATE,
    "total_essays": 25,
    "completed_essays": 24,
    "failed_essays": 1,
    "progress_percent": 100,
    "requested_pipeline": None,
    "is_final": True,
    "created_at": "2026-01-31T08:55:20.103311Z",
    "last_updated": "2026-01-31T09:33:50.600172Z",
    "completed_at": "2026-01-31T09:33:50.600150Z",
    **EXAMPLE_ACTIONS,
}


class TeacherClassDashboardV1(BaseModel):
    """A page of batches, newest first, and the teacher's classes beside it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batches": [EXAMPLE_BATCH],
                    "total_count": 1,
                    "limit": 20,
                    "offset": 0,
                    "has_more": False,
                    "skipped": 0,
                    "classes": [EXAMPLE_CLASS],
                    "credits": EXAMPLE_CREDITS,
                    "parts": [
                        {"name": "batches", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "classes", "status": "ok", "age_seconds": 4.2, "code": None},
                        {
                            "name": "student_counts",
                            "status": "ok",
                            "age_seconds": 4.2,
                            "code": None,
                        },
                        {"name": "class_names", "status": "ok", "age_seconds": 4.2, "code": None},
                        {"name": "titles", "status": "ok", "age_seconds": 0.4, "code": None},
                        {"name": "credits", "status": "ok", "age_seconds": 1.5, "code": None},
                        {
                            "name": "class_activity",
                            "status": "missing",
                            "age_seconds": None,
                            "code": "TIMEOUT",
                        },
                        {"name": "phases", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "validation", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "events", "status": "ok", "age_seconds": 0.0, "code": None},
                    ],
                }
            ]
        }
    )

    batches: list[DashboardBatchV1]
    total_count: int | None = Field(
        description="Batches that pass the filters; null when not all could be searched."
    )
    limit: int
    offset: int
    has_more: bool
    skipped: int = Field(description="Rows of the page that could not be read.")
    classes: list[TeacherClassV1] | None = Field(
        description="The newest 100; null while the part `classes` is missing."
    )
    credits: CreditsV1 | None = Field(
        description="Null while the part `credits` is missing, which is not zero."
    )
    parts: list[PartV1]
