"""Invitation of a teacher."""

from pydantic import BaseModel, ConfigDict, Field

from bff_core.inputs import Email, Line
from services.identity_admin.dto.field_types import EXAMPLE_ID, FreeText, StatusValue, Timestamp
from services.identity_admin.dto.user_decision_v1 import MAX_REASON_LENGTH

MAX_NAME_LENGTH = 255


class InvitationRequestV1(BaseModel):
    """Person to invite. `note` stays in the history."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    first_name: Line = Field(max_length=MAX_NAME_LENGTH, examples=["Maja"])
    last_name: Line = Field(max_length=MAX_NAME_LENGTH, examples=["Ek"])
    note: FreeText | None = Field(None, max_length=MAX_REASON_LENGTH)


class InvitationV1(BaseModel):
    """Account as it was made; its person can set a password by mail until `expires_at`."""

    user_id: str = Field(examples=[EXAMPLE_ID])
    email: str = Field(examples=["maja.ek@skola.example"])
    first_name: str = Field(examples=["Maja"])
    last_name: str = Field(examples=["Ek"])
    org_id: str | None = Field(examples=["ekskolan"])
    status: StatusValue = Field(examples=["approved"])
    version: int = Field(examples=[2])
    invited_at: Timestamp = Field(examples=["2026-01-31T12:00:00.000000Z"])
    expires_at: Timestamp = Field(examples=["2026-02-07T12:00:00.000000Z"])
