"""DTOs of screen 6: invitations of teachers."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from bff_core.inputs import Email, Line
from services.bff_admin.dto.user_decisions_v1 import MAX_REASON_LENGTH
from services.bff_admin.dto.users_v1 import Status

MAX_NAME_LENGTH = 255


class InviteUserV1(BaseModel):
    """The person to invite. `note` stays in the history."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    first_name: Line = Field(max_length=MAX_NAME_LENGTH, examples=["Maja"])
    last_name: Line = Field(max_length=MAX_NAME_LENGTH, examples=["Ek"])
    note: Line | None = Field(None, max_length=MAX_REASON_LENGTH)


class AdminInvitationV1(BaseModel):
    """The account as it was made; its person can set a password by mail until `expires_at`."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "user_id": "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                    "email": "maja.ek@skola.example",
                    "first_name": "Maja",
                    "last_name": "Ek",
                    "org": "Ekskolan",
                    "status": "approved",
                    "version": 2,
                    "invited_at": "2026-01-31T12:00:00.000000Z",
                    "expires_at": "2026-02-07T12:00:00.000000Z",
                }
            ]
        },
    )

    user_id: str
    email: str
    first_name: str
    last_name: str
    org: str | None
    status: Status
    version: int
    invited_at: datetime
    expires_at: datetime
