"""Creation of a batch, and the headers of writes that happen once."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bff_core.inputs import Line, Whole, has_controls
from services.bff_teacher.dto.batch_title_v1 import MAX_TITLE_LENGTH
from services.bff_teacher.dto.class_dashboard_v1 import EXAMPLE_BATCH, DashboardBatchV1
from services.bff_teacher.dto.uuid_text import RequestedUuid

MAX_ESSAYS = 500
MAX_INSTRUCTIONS = 50_000
_CONTROLS = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""Those that `_require_text` refuses, for a pattern's brackets."""

CourseCodeV1 = Literal["ENG5", "ENG6", "ENG7", "SV1", "SV2", "SV3"]


def _require_text(text: str) -> str:
    if has_controls(text, but="\t\r\n"):
        raise ValueError("must hold no control characters but tabs and line breaks")
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Instructions = Annotated[
    str,
    AfterValidator(_require_text),
    Field(
        min_length=1,
        max_length=MAX_INSTRUCTIONS,
        json_schema_extra={"pattern": rf"^[^{_CONTROLS}]*[^\s{_CONTROLS}][^{_CONTROLS}]*$"},
    ),
]


class BatchCreationV1(BaseModel):
    """A new batch, before its files."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "class_id": "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f",
                    "course_code": "SV1",
                    "expected_essay_count": 25,
                    "title": "Krönikor, 9A",
                    "instructions": "Skriv en krönika om skärmtid.",
                }
            ]
        },
    )

    class_id: RequestedUuid | None = Field(
        None, description="One of the teacher's classes; null when no class is matched."
    )
    course_code: CourseCodeV1
    expected_essay_count: Whole = Field(
        ge=1,
        le=MAX_ESSAYS,
        description="Exactly as many readable files the batch waits for, for ever.",
    )
    title: Annotated[Line, Field(max_length=MAX_TITLE_LENGTH)] | None = None
    instructions: Instructions | None = Field(
        None, description="The assignment; without it no analysis of the batch can be started."
    )


class CreatedBatchV1(BaseModel):
    """The new batch; a replay returns it as it is now, with `Idempotent-Replay: true`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch": EXAMPLE_BATCH
                    | {"status": "not_started", "status_source": "bos", "is_final": False},
                    "is_listed": False,
                }
            ]
        }
    )

    batch: DashboardBatchV1
    is_listed: bool = Field(
        description="False while the results aggregator does not list it, for about two seconds:"
        " its own screen is 404 until then, and files can be sent already."
    )
