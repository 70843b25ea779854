"""Decisions on one account or many, and invitations."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bff_core.inputs import Email, Line, Whole
from services.identity_admin.dto.field_types import (
    EXAMPLE_ID,
    FreeText,
    StatusValue,
    Timestamp,
    UuidText,
)

MAX_REASON_LENGTH = 500
MAX_ITEMS = 100
MAX_VERSION = 2**31 - 1

ItemOutcome = Literal["decided", "replayed", "conflict", "not_found", "refused", "failed"]

MAX_NAME_LENGTH = 255


class _DecisionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expected_version: Whole = Field(ge=1, le=MAX_VERSION)


class ApproveRequestV1(_DecisionRequest):
    """`note` stays in the history."""

    note: FreeText | None = Field(None, max_length=MAX_REASON_LENGTH)


class DenyRequestV1(_DecisionRequest):
    """`reason` stays in the history."""

    reason: FreeText = Field(max_length=MAX_REASON_LENGTH, examples=["Not at this school"])


class DeactivationRequestV1(_DecisionRequest):
    """`reason` of a deactivation or a reactivation stays in the history."""

    reason: FreeText = Field(max_length=MAX_REASON_LENGTH, examples=["On leave until August"])


class UserDecisionV1(BaseModel):
    """Account after the decision."""

    user_id: UuidText = Field(examples=[EXAMPLE_ID])
    status: StatusValue = Field(examples=["approved"])
    version: int = Field(examples=[2])
    decided_at: Timestamp | None
    decided_by: UuidText | None
    decided_by_name: str | None
    reason: str | None


class DecisionItemV1(BaseModel):
    """One of many; a denial needs its reason."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "if": {"properties": {"decision": {"const": "deny"}}},
            "then": {"properties": {"reason": {"type": "string"}}, "required": ["reason"]},
        },
    )

    user_id: str = Field(max_length=64, examples=[EXAMPLE_ID])
    decision: Literal["approve", "deny"] = Field(examples=["approve"])
    expected_version: Whole = Field(ge=1, le=MAX_VERSION)
    reason: FreeText | None = Field(None, max_length=MAX_REASON_LENGTH)

    @model_validator(mode="after")
    def _require_reason_for_denial(self) -> "DecisionItemV1":
        if self.decision == "deny" and self.reason is None:
            raise ValueError("a denial needs a reason")
        return self


class DecisionsRequestV1(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[DecisionItemV1] = Field(min_length=1, max_length=MAX_ITEMS)


class ItemErrorV1(BaseModel):
    """Code, words and facts, as an answer to that item alone would have had."""

    code: str
    message: str
    details: dict[str, object]


class ItemResultV1(BaseModel):
    """`status` is the HTTP status that the item alone would have had."""

    user_id: str = Field(examples=[EXAMPLE_ID])
    outcome: ItemOutcome = Field(examples=["decided"])
    status: int = Field(examples=[200])
    decision: UserDecisionV1 | None
    error: ItemErrorV1 | None


class DecisionsResultV1(BaseModel):
    """In the order of the items."""

    results: list[ItemResultV1]


class InvitationRequestV1(BaseModel):
    """Person to invite. `note` stays in the history."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    first_name: Line = Field(max_length=MAX_NAME_LENGTH, examples=["Maja"])
    last_name: Line = Field(max_length=MAX_NAME_LENGTH, examples=["Ek"])
    note: FreeText | None = Field(None, max_length=MAX_REASON_LENGTH)


class InvitationV1(BaseModel):
    """Account as it was made; its person can set a password by mail until `expires_at`."""

    user_id: UuidText = Field(examples=[EXAMPLE_ID])
    email: str = Field(examples=["maja.ek@skola.example"])
    first_name: str = Field(examples=["Maja"])
    last_name: str = Field(examples=["Ek"])
    org_id: str | None = Field(examples=["ekskolan"])
    status: StatusValue = Field(examples=["approved"])
    version: int = Field(examples=[2])
    invited_at: Timestamp = Field(examples=["2026-01-31T12:00:00.000000Z"])
    expires_at: Timestamp = Field(examples=["2026-02-07T12:00:00.000000Z"])
