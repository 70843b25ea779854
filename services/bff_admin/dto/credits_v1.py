"""DTOs of a teacher's credits and their changes."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from bff_core.inputs import KEY_PATTERN, Line, Whole

MAX_CREDITS = 1_000_000
MAX_REASON_LENGTH = 500

_USER = "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
_CORRELATION = "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"


def _require_change(amount: int) -> int:
    if amount == 0:
        raise ValueError("must not be zero")
    return amount


class AdjustCreditsV1(BaseModel):
    """`amount` is added; a negative one is taken away. `reason` goes to the log of this service."""

    model_config = ConfigDict(extra="forbid")

    amount: Annotated[Whole, AfterValidator(_require_change)] = Field(
        ge=-MAX_CREDITS,
        le=MAX_CREDITS,
        examples=[50],
        json_schema_extra={"not": {"const": 0}},
    )
    reason: Line = Field(max_length=MAX_REASON_LENGTH, examples=["Lost to a failed run"])


class AdjustHeadersV1(BaseModel):
    idempotency_key: str | None = Field(
        None,
        alias="Idempotency-Key",
        pattern=KEY_PATTERN,
        description="The same key again books nothing twice: it answers what was done, with the"
        " balance of now, or 409 `outcome_unknown` for a minute while that is not known.",
    )


class SetCreditsV1(BaseModel):
    """`balance` replaces the balance. `reason` goes to the log of this service."""

    model_config = ConfigDict(extra="forbid")

    balance: Whole = Field(ge=0, le=MAX_CREDITS, examples=[500])
    reason: Line = Field(max_length=MAX_REASON_LENGTH, examples=["Start of the term"])


class AdminCreditOperationV1(BaseModel):
    """One booking of the platform."""

    id: str
    metric: str = Field(description="`manual_adjustment` for a change by an admin.")
    amount: int = Field(description="The platform keeps a manual change without its sign.")
    consumed_from: str = Field(description="`user` or `org`.")
    status: str = Field(description="`pending`, `completed` or `failed`.")
    batch_id: str | None
    correlation_id: str = Field(description="That of the request which caused it.")
    created_at: datetime


_OPERATION: JsonDict = {
    "id": "0c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e4f",
    "metric": "manual_adjustment",
    "amount": 50,
    "consumed_from": "user",
    "status": "completed",
    "batch_id": None,
    "correlation_id": _CORRELATION,
    "created_at": "2026-01-31T12:00:00.000000Z",
}


class AdminCreditsV1(BaseModel):
    """Credits of one teacher; what belongs to a missing part is null."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": _USER,
                    "email": "maja.ek@skola.example",
                    "available": 50,
                    "adjustable": True,
                    "operations": [_OPERATION],
                    "parts": [
                        {"name": name, "status": "ok", "age_seconds": 0.0, "code": None}
                        for name in ("account", "credits", "operations")
                    ],
                }
            ]
        }
    )

    user_id: str
    email: str | None
    available: int | None = Field(
        description="Null when unknown: the platform also answers a failure with 0, so a 0 counts"
        " only when a second answer agrees."
    )
    adjustable: bool | None = Field(
        description="False where the platform has no routes for admins, as in its production;"
        " null when that is unknown."
    )
    operations: list[AdminCreditOperationV1] | None = Field(description="The newest 20.")
    parts: list[PartV1]


class AdminCreditChangeV1(BaseModel):
    """Balance after a change, or now when it was made before; `correlation_id` is its operation's."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"user_id": _USER, "available": 50, "correlation_id": _CORRELATION}]
        },
    )

    user_id: str
    available: int
    correlation_id: str
