"""Failed phases of an essay, in words for teachers."""

from enum import StrEnum

from pydantic import BaseModel, Field


class PhaseV1(StrEnum):
    SPELLCHECK = "spellcheck"
    CJ_ASSESSMENT = "cj_assessment"


class CauseV1(StrEnum):
    EMPTY = "empty"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    STORAGE = "storage"
    BUSY = "busy"
    LATE = "late"
    SERVICE = "service"
    UNKNOWN = "unknown"


class FailureV1(BaseModel):
    phase: PhaseV1
    cause: CauseV1
    message: str = Field(
        description="For people, in the language that `Content-Language` names.",
        examples=["The spelling was not checked: the text could not be read."],
    )


class BatchFailureV1(FailureV1):
    """The same failure of several essays."""

    essay_count: int = Field(ge=1)
