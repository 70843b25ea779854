"""Screen 1, continued: the teacher's classes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from bff_core.inputs import QueryInt
from services.bff_teacher.dto.uuid_text import UuidText


class ClassListQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: QueryInt = Field(20, ge=1, le=100, description="Classes a page.")
    offset: QueryInt = Field(0, ge=0, le=1_000_000, description="Classes to pass over.")


# A dataclass: its values are checked already.
@dataclass(slots=True)
class TeacherClassV1:
    """A class; the last three are null while the part `class_activity` is missing.

    `needs_attention` is also null when `phases` or `validation` is missing for one of its batches.
    """

    class_id: UuidText
    name: str
    course_code: str | None
    student_count: Annotated[
        int | None,
        Field(
            description="Students of the class; null while the part `student_counts` is missing."
        ),
    ]
    created_at: datetime | None
    recent_batches: Annotated[
        int | None, Field(description="Batches of the class among the teacher's newest 100.")
    ]
    needs_attention: Annotated[
        int | None,
        Field(
            description="Of those: failed, completed with failures, or with student matches to review."
        ),
    ]
    last_activity_at: Annotated[
        datetime | None, Field(description="Time of the last change to one of those.")
    ]


EXAMPLE_CLASS: JsonDict = {
    "class_id": "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f",
    "name": "EN5 9A ht25",
    "course_code": "ENG5",
    "student_count": 24,
    "created_at": "2026-01-12T07:41:02.551208Z",
    "recent_batches": 3,
    "needs_attention": 1,
    "last_activity_at": "2026-01-31T09:33:50.600172Z",
}


class TeacherClassListV1(BaseModel):
    """A page of the teacher's classes, newest first. The source knows no total."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "classes": [EXAMPLE_CLASS],
                    "limit": 20,
                    "offset": 0,
                    "has_more": False,
                    "skipped": 0,
                    "parts": [
                        {"name": "classes", "status": "ok", "age_seconds": 0.0, "code": None},
                        {
                            "name": "student_counts",
                            "status": "ok",
                            "age_seconds": 0.0,
                            "code": None,
                        },
                        {
                            "name": "class_activity",
                            "status": "ok",
                            "age_seconds": 12.5,
                            "code": None,
                        },
                        {"name": "phases", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "validation", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "events", "status": "ok", "age_seconds": 0.0, "code": None},
                    ],
                }
            ]
        }
    )

    classes: list[TeacherClassV1]
    limit: int
    offset: int
    has_more: bool
    skipped: int = Field(description="Rows of the page that could not be read.")
    parts: list[PartV1]
