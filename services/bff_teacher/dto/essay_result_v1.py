"""An essay as screens 2 and 3 show it."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field
from pydantic.config import JsonDict

from services.bff_teacher.dto.failure_v1 import FailureV1
from services.bff_teacher.dto.uuid_text import UuidText


class SuggestedStudentV1(BaseModel):
    """Student that the platform matched to the essay; a teacher may not have confirmed it."""

    student_id: UuidText
    first_name: str
    last_name: str
    status: Literal["suggested"] = "suggested"


class GradeV1(BaseModel):
    """Grade by comparison with graded texts. Only the platform's events tell it."""

    letter: str = Field(examples=["C+"])
    confidence: float | None = Field(description="From 0 to 1.")
    confidence_label: Literal["HIGH", "MID", "LOW"] | None
    source: Literal["events"] = "events"


class EssayResultV1(BaseModel):
    """`cj_rank` is the platform's and counts anchor texts; `rank` is within the batch."""

    essay_id: UuidText
    filename: str | None
    file_upload_id: str | None
    spellcheck_status: str | None
    spellcheck_correction_count: int | None
    cj_assessment_status: str | None
    cj_rank: int | None
    cj_score: float | None = Field(description="May be negative; null without a score.")
    rank: int | None = Field(
        description="1 is best, those with equal scores share a rank; null without a score."
    )
    student: SuggestedStudentV1 | None = Field(
        description="Null when there is no match, or while the part that knows is missing."
    )
    failures: list[FailureV1]
    last_updated: datetime


EXAMPLE_GRADE: JsonDict = {
    "letter": "C+",
    "confidence": 0.71,
    "confidence_label": "MID",
    "source": "events",
}
EXAMPLE_ESSAY: JsonDict = {
    "essay_id": "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01",
    "filename": "Maja_Lindqvist_sv1-krönika.docx",
    "file_upload_id": "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01",
    "spellcheck_status": "completed",
    "spellcheck_correction_count": 7,
    "cj_assessment_status": "completed",
    "cj_rank": 3,
    "cj_score": 0.8421,
    "rank": 1,
    "student": {
        "student_id": "e2a4c6e8-1b3d-4f5a-8c7e-9d0b2f4a6c81",
        "first_name": "Maja",
        "last_name": "Lindqvist",
        "status": "suggested",
    },
    "failures": [],
    "last_updated": "2026-01-31T09:31:07.412003Z",
}
