"""Screen 3: one essay, its text and its place among the others."""

from pydantic import ConfigDict, Field

from bff_core.composition import PartV1
from services.bff_teacher.dto.essay_result_v1 import (
    EXAMPLE_ESSAY,
    EXAMPLE_GRADE,
    EssayResultV1,
    GradeV1,
)
from services.bff_teacher.dto.uuid_text import UuidText


class TeacherEssayFeedbackV1(EssayResultV1):
    """An essay. `rank`, its neighbours and `ranked_essays` are null while `order` is missing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                EXAMPLE_ESSAY
                | {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "ranked_essays": 24,
                    "previous_essay_id": None,
                    "next_essay_id": "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d02",
                    "corrected_text": "Det var en gång …",
                    "prompt": "Skriv en krönika om …",
                    "grade": EXAMPLE_GRADE,
                    "parts": [
                        {"name": "essay", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "order", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "text", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "prompt", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "student", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "events", "status": "ok", "age_seconds": 0.0, "code": None},
                    ],
                }
            ]
        }
    )

    batch_id: UuidText
    ranked_essays: int | None = Field(description="Essays of the batch that have a rank.")
    previous_essay_id: UuidText | None
    next_essay_id: UuidText | None
    corrected_text: str | None = Field(
        description="Null when there is none yet, or while the part `text` is missing."
    )
    prompt: str | None = Field(
        description="The assignment; null when it has none, or while `prompt` is missing."
    )
    grade: GradeV1 | None = Field(
        None, description="Null when it is not known, and while `events` is missing."
    )
    parts: list[PartV1]
