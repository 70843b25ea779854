"""Files of a batch: sending them, and what became of them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from services.bff_teacher.dto.uuid_text import UuidText

MAX_FILES = 50

FileStatusV1 = Literal["sent", "accepted", "rejected", "stored", "removed", "unknown"]
FileReasonV1 = Literal[
    "bad_name",
    "wrong_type",
    "too_large",
    "too_many",
    "empty",
    "locked",
    "service",
    "too_short",
    "too_long",
    "encrypted",
    "unreadable",
    "storage",
    "unknown",
]
FILE_REASONS = (
    "`bad_name`: no name, or one with a path, control characters or more than 255 bytes."
    " `wrong_type`: not .txt, .docx or .pdf, or its content is another. `too_many`: more than 50"
    " in one request. `locked`: the batch takes no files any more. `service`: the file service"
    " failed. The others are those of the file service after it has looked into the file."
)
EXAMPLE_SENT: JsonDict = {
    "filename": "Maja_Lindqvist.docx",
    "size": 18_231,
    "status": "sent",
    "reason": None,
    "message": None,
}
EXAMPLE_REFUSED: JsonDict = {
    "filename": "foto.jpg",
    "size": 81_002,
    "status": "refused",
    "reason": "wrong_type",
    "message": "Only .txt, .docx and .pdf files are taken.",
}


class SentFileV1(BaseModel):
    """A file of the request; after `unknown`, look for it in the list before it is sent again."""

    filename: str
    size: int = Field(ge=0, description="Bytes that arrived here.")
    status: Literal["sent", "refused", "not_sent", "unknown"] = Field(
        description="`sent`: the file service has it, and looks into it later. `refused`: nothing"
        " of it was passed on. `not_sent`: the file service did not take it. `unknown`: it may"
        " have."
    )
    reason: FileReasonV1 | None = Field(description=FILE_REASONS)
    message: str | None = Field(description="The reason as a sentence in the caller's language.")


class BatchFilesSentV1(BaseModel):
    """A row for each file, in the order of the request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "files": [EXAMPLE_SENT, EXAMPLE_REFUSED],
                    "sent": 1,
                }
            ]
        }
    )

    batch_id: UuidText
    files: list[SentFileV1]
    sent: int = Field(ge=0, description="Files with the status `sent`.")


class BatchFileV1(BaseModel):
    """A file that was sent from here, or an essay of the batch."""

    file_upload_id: UuidText | None = Field(
        description="Null until the file service has announced it."
    )
    filename: str | None
    size: int | None = Field(description="Null for a file that was not sent from here.")
    status: FileStatusV1 = Field(
        description="`sent`: no word of it yet. `accepted`: the file service has given it an id; it"
        " announces nothing more unless it rejects the file. `rejected`: it holds no usable text,"
        " and the batch waits for another one. `stored`: it is an essay with a result. `removed`:"
        " the teacher removed it, though its place stays taken. `unknown`: it may have been sent."
    )
    reason: FileReasonV1 | None = Field(description=FILE_REASONS)
    message: str | None = Field(description="The reason as a sentence in the caller's language.")
    sent_at: datetime | None
    updated_at: datetime | None


class BatchFileListV1(BaseModel):
    """The files of a batch, the last one sent at the end."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "expected": 25,
                    "files": [
                        {
                            "file_upload_id": "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01",
                            "filename": "Maja_Lindqvist.docx",
                            "size": 18_231,
                            "status": "accepted",
                            "reason": None,
                            "message": None,
                            "sent_at": "2026-01-31T08:56:02.000000Z",
                            "updated_at": "2026-01-31T08:56:03.120000Z",
                        }
                    ],
                    "parts": [
                        {"name": "batch", "status": "ok", "age_seconds": 0.0, "code": None},
                    ],
                }
            ]
        }
    )

    batch_id: UuidText
    expected: int | None = Field(
        description="Readable files that the batch waits for; null until a source says."
    )
    files: list[BatchFileV1]
    parts: list[PartV1]


class FileRemovalV1(BaseModel):
    """The platform records the removal, and keeps the text and its place in the batch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "file_upload_id": "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01",
                    "status": "removal_requested",
                }
            ]
        }
    )

    batch_id: UuidText
    file_upload_id: UuidText
    status: Literal["removal_requested"] = "removal_requested"
