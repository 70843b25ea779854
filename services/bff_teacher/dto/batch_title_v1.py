"""Title that a teacher gives a batch."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bff_core.inputs import CONTROLS, ETAGS_PATTERN, has_controls
from services.bff_teacher.dto.uuid_text import UuidText

MAX_TITLE_LENGTH = 200
CODE_LENGTH = 8

TitleSourceV1 = Literal["teacher", "assignment"]

Title = Annotated[
    str,
    Field(
        description="The teacher's title, else the assignment's id, else the platform's"
        " `Untitled Batch`; see `title_source`."
    ),
]
TitleSource = Annotated[
    TitleSourceV1 | None,
    Field(description="Source of `title`; null when nobody has given one."),
]
BatchCode = Annotated[
    str,
    Field(
        description="A short name of the batch: the first eight digits of its id, in upper case.",
        pattern=r"^[0-9A-F]{8}$",
    ),
]


def _require_one_line(text: str) -> str:
    if has_controls(text):
        raise ValueError("must hold no control characters")
    return text.strip()


class BatchTitleWriteV1(BaseModel):
    """The new title; it is kept beside the platform, which has none."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, json_schema_extra={"examples": [{"title": "Krönikor, 9A"}]}
    )

    title: Annotated[
        str,
        AfterValidator(_require_one_line),
        Field(
            max_length=MAX_TITLE_LENGTH,
            json_schema_extra={"pattern": f"^[^{CONTROLS}]*$"},
            description="One line; an empty or blank one removes the title.",
        ),
    ]


class TitleReadHeadersV1(BaseModel):
    if_none_match: str | None = Field(None, description="ETags that the caller has already.")


class TitleWriteHeadersV1(BaseModel):
    if_match: str | None = Field(
        None,
        alias="If-Match",
        pattern=ETAGS_PATTERN,
        description="The `etag` of the title that was read; without it the answer is 428.",
    )


class BatchTitleV1(BaseModel):
    """The teacher's title of a batch; version 0 before the first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "batch_code": "3F0C6A52",
                    "title": "Krönikor, 9A",
                    "version": 1,
                    "updated_at": "2026-01-31T10:02:11.000000Z",
                    "etag": '"title-1"',
                }
            ]
        }
    )

    batch_id: UuidText
    batch_code: BatchCode
    title: str | None = Field(description="Null when the teacher has given none.")
    version: int = Field(ge=0)
    updated_at: datetime | None
    etag: str = Field(
        description="The strong entity tag, for `If-Match`: a proxy may weaken the ETag header."
    )
