"""Screen 4: matches of essays with students."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from services.bff_teacher.dto.uuid_text import UuidText

MAX_DECISIONS = 2000

SuggestionV1 = Literal["known", "none", "unknown"]

EXAMPLE_DECISION: JsonDict = {
    "essay_id": "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01",
    "student_id": "e2a4c6e8-1b3d-4f5a-8c7e-9d0b2f4a6c81",
}
EXAMPLE_STUDENT: JsonDict = {
    "student_id": "e2a4c6e8-1b3d-4f5a-8c7e-9d0b2f4a6c81",
    "first_name": "Maja",
    "last_name": "Lindqvist",
    "class_id": "c7e1f3a5-0b2d-4c6e-8f90-1a2b3c4d5e6f",
    "class_name": "SA1B",
}


class ClassStudentV1(BaseModel):
    """A student of one of the teacher's classes."""

    student_id: UuidText
    first_name: str
    last_name: str
    class_id: UuidText
    class_name: str


class StudentAssociationV1(BaseModel):
    essay_id: UuidText
    filename: str | None
    must_be_decided: bool = Field(description="False for an essay that nobody was suggested for.")
    suggestion: SuggestionV1 = Field(
        description="`known`: see `suggested_student`. `none`: nobody is suggested, or none of the"
        " teacher's students. `unknown`: the part `roster` is missing or incomplete; read the list"
        " again before confirming."
    )
    suggested_student: ClassStudentV1 | None = Field(
        description="Null unless `suggestion` is `known`."
    )
    suggested_at: datetime | None


class StudentAssociationListV1(BaseModel):
    """The essays of a batch and who may have written them, by file name."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "associations": [
                        {
                            "essay_id": "a1d4b0c2-6a0e-4d53-9f0a-5e2f7b8c1d01",
                            "filename": "Maja_Lindqvist_sv1-krönika.docx",
                            "must_be_decided": True,
                            "suggestion": "known",
                            "suggested_student": EXAMPLE_STUDENT,
                            "suggested_at": "2026-01-31T08:58:41.220914Z",
                        }
                    ],
                    "students": [EXAMPLE_STUDENT],
                    "skipped": 0,
                    "parts": [
                        {"name": "owner", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "associations", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "roster", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "filenames", "status": "ok", "age_seconds": 0.0, "code": None},
                    ],
                }
            ]
        }
    )

    batch_id: UuidText
    associations: list[StudentAssociationV1]
    students: list[ClassStudentV1] | None = Field(
        description="Students to choose from: all students of the teacher's classes, by name."
    )
    skipped: int = Field(description="Rows that could not be read.")
    parts: list[PartV1]


class AssociationDecisionV1(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    essay_id: UuidText
    student_id: UuidText | None = Field(
        description="Null when it is none of the teacher's students."
    )


class AssociationChoiceV1(BaseModel):
    """A decision, with what the list said of the essay."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    essay_id: UUID
    student_id: UUID | None = Field(description="Null when it is none of the teacher's students.")
    suggestion: SuggestionV1 | None = Field(
        None,
        description="As in the list. A decision for no student is refused with 409 while this is"
        " `unknown`, so that a client may send back what it has read.",
    )


class AssociationConfirmRequestV1(BaseModel):
    """Every essay that must be decided, once. It cannot be taken back."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"decisions": [EXAMPLE_DECISION], "force": False}]},
    )

    decisions: list[AssociationChoiceV1] = Field(min_length=1, max_length=MAX_DECISIONS)
    force: bool = Field(
        default=False,
        strict=True,
        description="Confirm although it is not known how an earlier attempt ended.",
    )


class ConfirmHeadersV1(BaseModel):
    idempotency_key: str | None = Field(
        None,
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="The same key again replays the result, whatever the decisions.",
    )


class AssociationConfirmResultV1(BaseModel):
    """Confirmed associations; a replay returns the same with `Idempotent-Replay: true`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "status": "confirmed",
                    "confirmed_at": "2026-01-31T10:02:11.000000Z",
                    "associations_confirmed": 1,
                    "associations_rejected": 0,
                    "forced": False,
                    "decisions": [EXAMPLE_DECISION],
                }
            ]
        }
    )

    batch_id: UuidText
    status: Literal["confirmed"] = "confirmed"
    confirmed_at: datetime
    associations_confirmed: int
    associations_rejected: int
    forced: bool
    decisions: list[AssociationDecisionV1] = Field(description="In the order of the essays' ids.")
