"""One class with its students, its batches and its latest results."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from bff_core.composition import PartV1
from services.bff_teacher.dto.batch_title_v1 import BatchCode, Title, TitleSource
from services.bff_teacher.dto.class_dashboard_v1 import EXAMPLE_BATCH, DashboardBatchV1
from services.bff_teacher.dto.results_v1 import EXAMPLE_STATISTICS, ResultStatisticsV1
from services.bff_teacher.dto.uuid_text import UuidText


class StudentV1(BaseModel):
    """A student of the class."""

    student_id: UuidText
    first_name: str
    last_name: str


class LatestResultsV1(BaseModel):
    """The class's latest finished batch that has scores."""

    batch_id: UuidText
    batch_code: BatchCode
    title: Title
    title_source: TitleSource
    completed_at: datetime
    results: ResultStatisticsV1


class TeacherClassPageV1(BaseModel):
    """A class of the teacher's; what is null is missing, and its part says why."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "class_id": "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f",
                    "name": "EN5 9A ht25",
                    "course_code": "ENG5",
                    "created_at": "2026-01-12T07:41:02.551208Z",
                    "students": [
                        {
                            "student_id": "e2a4c6e8-1b3d-4f5a-8c7e-9d0b2f4a6c81",
                            "first_name": "Maja",
                            "last_name": "Lindqvist",
                        }
                    ],
                    "batches": [EXAMPLE_BATCH],
                    "batches_complete": True,
                    "latest_results": {
                        "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                        "batch_code": "3F0C6A52",
                        "title": "eng5-autumn-essay",
                        "title_source": "assignment",
                        "completed_at": "2026-01-31T09:33:50.600150Z",
                        "results": EXAMPLE_STATISTICS,
                    },
                    "skipped": 0,
                    "parts": [
                        {"name": "class", "status": "ok", "age_seconds": 4.2, "code": None},
                        {"name": "roster", "status": "ok", "age_seconds": 4.2, "code": None},
                        {"name": "class_batches", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "phases", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "validation", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "events", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "titles", "status": "ok", "age_seconds": 0.4, "code": None},
                        {
                            "name": "latest_results",
                            "status": "ok",
                            "age_seconds": 0.0,
                            "code": None,
                        },
                    ],
                }
            ]
        }
    )

    class_id: UuidText
    name: str
    course_code: str | None
    created_at: datetime | None
    students: list[StudentV1] | None = Field(
        description="By name; null while the part `roster` is missing."
    )
    batches: list[DashboardBatchV1] | None = Field(
        description="Newest first; null while the part `class_batches` is missing. A batch belongs to a"
        " class once a student of the class is suggested for one of its essays."
    )
    batches_complete: bool | None = Field(
        description="False when more batches of the class may exist: 100 are shown, the teacher's"
        " newest 500 were searched, and rows counted in `skipped` could not be read."
    )
    latest_results: LatestResultsV1 | None = Field(
        description="Null when no batch of the class has any, or while the part is missing."
    )
    skipped: int = Field(description="Students and batches that could not be read.")
    parts: list[PartV1]
