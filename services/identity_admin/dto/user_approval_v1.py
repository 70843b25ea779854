"""Accounts with their approval, past decisions, and the caller's own access."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bff_core.inputs import PLAIN_DIGITS, QueryInt, Since
from services.identity_admin.dto.field_types import (
    EXAMPLE_ID,
    ActionValue,
    FreeText,
    StatusValue,
    Timestamp,
    UuidText,
)

MAX_PAGE_SIZE = 100


class AdminAccessV1(BaseModel):
    """The caller is an approved account with the admin role; anyone else gets a refusal."""

    user_id: UuidText = Field(examples=[EXAMPLE_ID])


class UserApprovalV1(BaseModel):
    """`waiting_seconds` is null unless pending; who decided is null until somebody has."""

    user_id: UuidText = Field(examples=[EXAMPLE_ID])
    email: str = Field(examples=["maja.ek@skola.example"])
    first_name: str | None = Field(examples=["Maja"])
    last_name: str | None = Field(examples=["Ek"])
    display_name: str | None
    org_id: str | None = Field(examples=["ekskolan"])
    email_verified: bool
    registered_at: Timestamp
    status: StatusValue = Field(examples=["pending"])
    version: int = Field(description="To be sent back as `expected_version`.")
    requested_at: Timestamp
    waiting_seconds: int | None = Field(examples=[86400])
    decided_at: Timestamp | None
    decided_by: UuidText | None
    decided_by_name: str | None
    reason: str | None


class PastDecisionV1(BaseModel):
    """One decision; `decided_by` null is the command line. `sequence` grows with time."""

    sequence: int
    user_id: UuidText = Field(examples=[EXAMPLE_ID])
    action: ActionValue = Field(examples=["deny"])
    from_status: StatusValue = Field(examples=["pending"])
    to_status: StatusValue = Field(examples=["denied"])
    version: int
    decided_at: Timestamp
    decided_by: UuidText | None
    decided_by_name: str | None
    reason: str | None
    correlation_id: UuidText = Field(examples=["6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"])


class UserApprovalDetailV1(UserApprovalV1):
    """With the decisions on it, oldest first, at most the newest 100."""

    history: list[PastDecisionV1]


class UserListV1(BaseModel):
    """Longest waiting first. `next_cursor` is null at the end."""

    users: list[UserApprovalV1]
    next_cursor: str | None


class DecisionListV1(BaseModel):
    """Newest first. `next_cursor` is null at the end."""

    decisions: list[PastDecisionV1]
    next_cursor: str | None


class PendingQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: QueryInt = Field(20, ge=1, le=MAX_PAGE_SIZE)
    cursor: str | None = Field(None, max_length=200)
    org: FreeText | None = Field(None, max_length=255)
    verified: bool | None = None
    q: FreeText | None = Field(None, max_length=100, description="In the address or a name.")


class UserQuery(PendingQuery):
    status: StatusValue | None = None


class DecisionQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: QueryInt = Field(20, ge=1, le=MAX_PAGE_SIZE)
    cursor: Annotated[int, Field(ge=1, le=2**63 - 1), PLAIN_DIGITS] | None = Field(None)
    actor: str | None = Field(None, max_length=64, json_schema_extra={"format": "uuid"})
    user_id: str | None = Field(None, max_length=64, json_schema_extra={"format": "uuid"})
    since: Since | None = None
