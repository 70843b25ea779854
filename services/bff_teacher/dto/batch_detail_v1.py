"""Screen 2: one batch with its essays."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from bff_core.composition import PartV1
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1
from services.bff_teacher.dto.essay_result_v1 import EXAMPLE_ESSAY, EssayResultV1
from services.bff_teacher.dto.failure_v1 import BatchFailureV1
from services.bff_teacher.dto.uuid_text import UuidText


class BatchEssayV1(EssayResultV1):
    spellcheck_corrected_text_storage_id: str | None


class FileStateV1(BaseModel):
    """State of the batch's uploads: open or locked."""

    locked: bool
    locked_at: datetime | None
    verified: bool = Field(
        description="False when the file service could not find out; it takes no files then."
    )
    running_phase: str | None


class TeacherBatchDetailV1(BaseModel):
    """A batch; its essays stand by rank, then by file name."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "title": "sv1-krönika",
                    "overall_status": "completed_successfully",
                    "requested_pipeline": None,
                    "current_phase": None,
                    "is_final": True,
                    "created_at": "2026-01-31T08:55:20.103311Z",
                    "last_updated": "2026-01-31T09:33:50.600172Z",
                    "completed_at": "2026-01-31T09:33:50.600150Z",
                    "total_essays": 1,
                    "completed_essays": 1,
                    "failed_essays": 0,
                    "progress_percent": 100,
                    "ranked_essays": 1,
                    "class_id": "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f",
                    "class_name": "SA1B",
                    "file_state": {
                        "locked": True,
                        "locked_at": "2026-01-31T09:07:24Z",
                        "verified": True,
                        "running_phase": None,
                    },
                    "failures": [],
                    "essays": [
                        EXAMPLE_ESSAY
                        | {
                            "spellcheck_corrected_text_storage_id": (
                                "9f2c4e6a8b0d1f3a5c7e9b1d3f5a7c9e"
                            )
                        }
                    ],
                    "skipped": 0,
                    "parts": [
                        {"name": "batch", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "class_name", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "student_names", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "file_state", "status": "ok", "age_seconds": 0.0, "code": None},
                    ],
                }
            ]
        }
    )

    batch_id: UuidText
    title: str
    overall_status: BatchStatusV1
    requested_pipeline: str | None
    current_phase: str | None = Field(
        description="The platform's word, else the phase that the file service sees running."
    )
    is_final: bool = Field(description="All processing has ended.")
    created_at: datetime
    last_updated: datetime
    completed_at: datetime | None
    total_essays: int = Field(description="Essays expected; fewer may have arrived.")
    completed_essays: int
    failed_essays: int
    progress_percent: int = Field(ge=0, le=100, description="100 only when `is_final`.")
    ranked_essays: int
    class_id: UuidText | None
    class_name: str | None
    file_state: FileStateV1 | None
    failures: list[BatchFailureV1] = Field(description="Failures, counted over the essays.")
    essays: list[BatchEssayV1]
    skipped: int = Field(description="Essays that could not be read.")
    parts: list[PartV1]
