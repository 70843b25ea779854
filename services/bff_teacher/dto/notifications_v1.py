"""Notifications: what the platform told the teacher, newest first."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from bff_core.inputs import QueryInt
from services.bff_teacher.dto.uuid_text import UuidText

NotificationKindV1 = Literal[
    "file_accepted",
    "file_rejected",
    "file_removed",
    "processing_started",
    "phase_completed",
    "phase_concluded",
    "assessment_completed",
    "results_ready",
    "pipeline_completed",
    "start_denied",
    "class_created",
    "student_added",
    "matches_auto_confirmed",
    "matches_confirmed",
    "essay_changed",
]
NOTICE_ID = r"^(0|[1-9][0-9]{0,14})-(0|[1-9][0-9]{0,8})$"
NotificationIdV1 = Annotated[str, Field(pattern=NOTICE_ID, examples=["1769850131000-0"])]

_EXAMPLE: JsonDict = {
    "id": "1769850131000-0",
    "at": "2026-01-31T09:02:11.000000Z",
    "kind": "file_rejected",
    "batch_id": "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
    "class_id": None,
    "phase": None,
    "file_upload_id": "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01",
    "reason": "too_short",
    "importance": "high",
    "needs_action": True,
    "is_read": False,
}


class NotificationsQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    cursor: NotificationIdV1 | None = Field(None, description="`next_cursor`.")
    limit: QueryInt = Field(20, ge=1, le=100)


class NotificationV1(BaseModel):
    """One notification. It names no one: names of files and pupils are read where they belong."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    id: NotificationIdV1
    at: datetime
    kind: NotificationKindV1 = Field(
        description="`file_accepted` is a file that was received and not looked into."
        " `phase_completed` and `phase_concluded` are the words of two services for the same end."
    )
    batch_id: UuidText | None
    class_id: UuidText | None
    phase: str | None
    file_upload_id: UuidText | None
    reason: str | None = Field(description="Of a rejected file or a denied start.")
    importance: Literal["low", "normal", "high"]
    needs_action: bool
    is_read: bool


class NotificationListV1(BaseModel):
    """The newest 200 of 30 days; those that came while the service was away are missing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "notifications": [_EXAMPLE],
                    "unread": 1,
                    "read_up_to": None,
                    "next_cursor": None,
                }
            ]
        }
    )

    notifications: list[NotificationV1]
    unread: int = Field(ge=0, description="Of all that are kept.")
    read_up_to: NotificationIdV1 | None = Field(description="Null before the first is read.")
    next_cursor: NotificationIdV1 | None = Field(description="Null when there is nothing older.")


class NotificationsReadV1(BaseModel):
    """Marks this notification and all before it as read."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"up_to": "1769850131000-0"}]},
    )

    up_to: NotificationIdV1


class ReadMarkV1(BaseModel):
    """The mark never goes back, and never beyond the newest notification."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"read_up_to": "1769850131000-0", "unread": 0}]}
    )

    read_up_to: NotificationIdV1 | None
    unread: int = Field(ge=0)
