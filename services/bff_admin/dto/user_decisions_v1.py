"""DTOs of screen 6: decisions on accounts, and invitations."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic.config import JsonDict

from bff_core.inputs import Email, Line, Whole
from services.bff_admin.dto.users_v1 import Org, Status

MAX_REASON_LENGTH = 500
MAX_VERSION = 2**31 - 1
MAX_ITEMS = 100

MAX_NAME_LENGTH = 255


class _DecisionRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    expected_version: Whole = Field(ge=1, le=MAX_VERSION, examples=[1])


class ApproveUserV1(_DecisionRequest):
    """`note` stays in the history."""

    note: Line | None = Field(None, max_length=MAX_REASON_LENGTH)


class DenyUserV1(_DecisionRequest):
    """`reason` stays in the history."""

    reason: Line = Field(max_length=MAX_REASON_LENGTH, examples=["Not at this school"])


class DeactivateUserV1(_DecisionRequest):
    """`reason` of a deactivation or a reactivation stays in the history."""

    reason: Line = Field(max_length=MAX_REASON_LENGTH, examples=["On leave until August"])


class UserDecisionItemV1(BaseModel):
    """One of many; a denial needs its reason."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "if": {"properties": {"decision": {"const": "deny"}}},
            "then": {"properties": {"reason": {"type": "string"}}, "required": ["reason"]},
        },
    )

    user_id: str = Field(max_length=64, examples=["5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"])
    decision: Literal["approve", "deny"] = Field(examples=["approve"])
    expected_version: Whole = Field(ge=1, le=MAX_VERSION)
    reason: Line | None = Field(None, max_length=MAX_REASON_LENGTH)

    @model_validator(mode="after")
    def _require_reason(self) -> "UserDecisionItemV1":
        if self.decision == "deny" and self.reason is None:
            raise ValueError("a denial needs a reason")
        return self


class UserDecisionsV1(BaseModel):
    """Up to 100 decisions, each for itself."""

    model_config = ConfigDict(extra="forbid")

    items: list[UserDecisionItemV1] = Field(min_length=1, max_length=MAX_ITEMS)


_DECIDED: JsonDict = {
    "user_id": "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
    "status": "approved",
    "version": 2,
    "decided_at": "2026-01-31T12:00:00.000000Z",
    "decided_by": "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72",
    "decided_by_name": "Anna Admin",
    "reason": None,
}


class AdminUserDecisionV1(BaseModel):
    """Account after the decision. `Idempotent-Replay: true` marks a decision made earlier."""

    model_config = ConfigDict(json_schema_extra={"examples": [_DECIDED]})

    user_id: str
    status: Status
    version: int
    decided_at: datetime | None
    decided_by: str | None
    decided_by_name: str | None
    reason: str | None


class AdminItemErrorV1(BaseModel):
    """Code, words and facts, as an answer to that item alone would have had."""

    code: str
    message: str
    details: dict[str, JsonValue]


class AdminItemResultV1(BaseModel):
    """`status` is the HTTP status that the item alone would have had."""

    user_id: str
    outcome: Literal["decided", "replayed", "conflict", "not_found", "refused", "failed"]
    status: int
    decision: AdminUserDecisionV1 | None
    error: AdminItemErrorV1 | None


class AdminUserDecisionsV1(BaseModel):
    """In the order of the items; one that fails stops no other."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {
                            "user_id": "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
                            "outcome": "decided",
                            "status": 200,
                            "decision": _DECIDED,
                            "error": None,
                        }
                    ]
                }
            ]
        }
    )

    results: list[AdminItemResultV1]


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
    org: Org
    status: Status
    version: int
    invited_at: datetime
    expires_at: datetime
