"""Screen 2: one batch with its essays."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from bff_core.composition import PartV1
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
from services.bff_teacher.dto.batch_title_v1 import BatchCode, Title, TitleSource
from services.bff_teacher.dto.essay_result_v1 import EXAMPLE_ESSAY, EssayResultV1
from services.bff_teacher.dto.failure_v1 import BatchFailureV1
from services.bff_teacher.dto.results_v1 import EXAMPLE_STATISTICS, ResultStatisticsV1
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
                    "batch_code": "3F0C6A52",
                    "title": "sv1-krönika",
                    "title_source": "assignment",
                    **EXAMPLE_STATE,
                    "status": "completed_successfully",
                    "phases": [
                        {
                            "name": "spellcheck",
                            "status": "completed",
                            "started_at": None,
                            "completed_at": "2026-01-31T09:12:50Z",
                        }
                    ],
                    "requested_pipeline": None,
                    "is_final": True,
                    "created_at": "2026-01-31T08:55:20.103311Z",
                    "last_updated": "2026-01-31T09:33:50.600172Z",
                    "completed_at": "2026-01-31T09:33:50.600150Z",
                    **EXAMPLE_ACTIONS,
                    "total_essays": 1,
                    "completed_essays": 1,
                    "failed_essays": 0,
                    "progress_percent": 100,
                    "ranked_essays": 1,
                    "results": EXAMPLE_STATISTICS,
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
                        {"name": "phases", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "validation", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "events", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "titles", "status": "ok", "age_seconds": 0.0, "code": None},
                    ],
                }
            ]
        }
    )

    batch_id: UuidText
    batch_code: BatchCode
    title: Title
    title_source: TitleSource
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
    requested_pipeline: str | None
    is_final: IsFinalV1
    created_at: datetime
    last_updated: datetime
    completed_at: datetime | None
    actions: ActionsV1
    total_essays: int = Field(description="Essays expected; fewer may have arrived.")
    completed_essays: int
    failed_essays: int
    progress_percent: ProgressV1
    ranked_essays: int
    results: ResultStatisticsV1 | None = Field(
        description="Null until `is_final`, and when no essay has a score."
    )
    class_id: UuidText | None
    class_name: str | None
    file_state: FileStateV1 | None
    failures: list[BatchFailureV1] = Field(description="Failures, counted over the essays.")
    essays: list[BatchEssayV1]
    skipped: int = Field(description="Essays that could not be read.")
    parts: list[PartV1]
