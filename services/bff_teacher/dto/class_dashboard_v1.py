"""Screen 1: the class dashboard."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from bff_core.inputs import QueryInt
from services.bff_teacher.dto.batch_status_v1 import MERGED_STATUSES, BatchStatusV1
from services.bff_teacher.dto.class_list_v1 import EXAMPLE_CLASS, TeacherClassV1
from services.bff_teacher.dto.uuid_text import UuidText

MAX_MERGE_DEPTH = 500


class DashboardQuery(BaseModel):
    """`offset` stands last: its limit depends on the two before it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: QueryInt = Field(20, ge=1, le=100, description="Batches a page.")
    status: BatchStatusV1 | None = Field(None, description="Only batches in this state.")
    offset: QueryInt = Field(0, ge=0, le=1_000_000, description="Batches to pass over.")

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
    title: str
    class_id: UuidText | None
    class_name: str | None
    status: BatchStatusV1
    total_essays: Annotated[int, Field(description="Essays expected; fewer may have arrived.")]
    completed_essays: int
    failed_essays: int
    progress_percent: Annotated[int, Field(ge=0, le=100, description="100 only when `is_final`.")]
    requested_pipeline: str | None
    current_phase: str | None
    is_final: Annotated[bool, Field(description="All processing has ended.")]
    created_at: datetime
    last_updated: datetime
    completed_at: datetime | None


EXAMPLE_BATCH: JsonDict = {
    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
    "title": "eng5-autumn-essay",
    "class_id": "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f",
    "class_name": "EN5 9A ht25",
    "status": "completed_with_failures",
    "total_essays": 25,
    "completed_essays": 24,
    "failed_essays": 1,
    "progress_percent": 100,
    "requested_pipeline": None,
    "current_phase": None,
    "is_final": True,
    "created_at": "2026-01-31T08:55:20.103311Z",
    "last_updated": "2026-01-31T09:33:50.600172Z",
    "completed_at": "2026-01-31T09:33:50.600150Z",
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
                    "skipped": 0,
                    "classes": [EXAMPLE_CLASS],
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
                        {
                            "name": "class_activity",
                            "status": "missing",
                            "age_seconds": None,
                            "code": "TIMEOUT",
                        },
                    ],
                }
            ]
        }
    )

    batches: list[DashboardBatchV1]
    total_count: int
    limit: int
    offset: int
    skipped: int = Field(description="Rows of the page that could not be read.")
    classes: list[TeacherClassV1] | None = Field(
        description="The newest 100; null while the part `classes` is missing."
    )
    parts: list[PartV1]
