"""Deciding on one account, or on many."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bff_core.inputs import Whole
from services.identity_admin.dto.words_v1 import EXAMPLE_ID, ActionWord, Moment, StatusWord, Words

LONGEST_REASON = 500
MOST_ITEMS = 100
LAST_VERSION = 2**31 - 1

Outcome = Literal["decided", "replayed", "conflict", "not_found", "refused", "failed"]


class ApproveRequestV1(BaseModel):
    """`note` stays in the history."""

    model_config = ConfigDict(extra="forbid")

    expected_version: Whole = Field(ge=1, le=LAST_VERSION)
    note: Words | None = Field(None, max_length=LONGEST_REASON)


class DenyRequestV1(BaseModel):
    """`reason` stays in the history."""

    model_config = ConfigDict(extra="forbid")

    expected_version: Whole = Field(ge=1, le=LAST_VERSION)
    reason: Words = Field(max_length=LONGEST_REASON, examples=["Not at this school"])


class UserDecisionV1(BaseModel):
    """How the account stands after the decision."""

    user_id: str = Field(examples=[EXAMPLE_ID])
    status: StatusWord = Field(examples=["approved"])
    version: int = Field(examples=[2])
    decided_at: Moment | None
    decided_by: str | None
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
    decision: ActionWord = Field(examples=["approve"])
    expected_version: Whole = Field(ge=1, le=LAST_VERSION)
    reason: Words | None = Field(None, max_length=LONGEST_REASON)

    @model_validator(mode="after")
    def _says_why(self) -> "DecisionItemV1":
        if self.decision == "deny" and self.reason is None:
            raise ValueError("a denial needs a reason")
        return self


class DecisionsRequestV1(BaseModel):
    model_config = ConfigDict(extra="forbid")

    items: list[DecisionItemV1] = Field(min_length=1, max_length=MOST_ITEMS)


class ItemErrorV1(BaseModel):
    """Code, words and facts, as an answer to that item alone would have had."""

    code: str
    message: str
    details: dict[str, object]


class ItemResultV1(BaseModel):
    """`status` is the HTTP status that the item alone would have had."""

    user_id: str = Field(examples=[EXAMPLE_ID])
    outcome: Outcome = Field(examples=["decided"])
    status: int = Field(examples=[200])
    decision: UserDecisionV1 | None
    error: ItemErrorV1 | None


class DecisionsResultV1(BaseModel):
    """In the order of the items."""

    results: list[ItemResultV1]
