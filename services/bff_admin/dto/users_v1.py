"""DTOs of screen 6: accounts; and of the signed-in admin's own."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from bff_core.inputs import Line, QueryInt

Status = Literal["pending", "approved", "denied", "deactivated"]
Action = Literal["approve", "deny", "deactivate", "reactivate", "invite"]


Org = Annotated[str | None, Field(validation_alias=AliasChoices("org", "org_id"))]
"""The organisation's id, which Identity calls `org_id`."""


class PendingUsersQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: QueryInt = Field(20, ge=1, le=100, description="Accounts a page.")
    cursor: str | None = Field(None, max_length=200, description="`next_cursor`.")
    q: Line | None = Field(None, max_length=100, description="In the address or a name.")
    org: Line | None = Field(None, max_length=255)
    verified: bool | None = Field(None, description="True when the e-mail address was verified.")


class UsersQuery(PendingUsersQuery):
    status: Status | None = None


class AdminUserV1(BaseModel):
    """`waiting_seconds` is null unless pending; who decided is null until somebody has."""

    user_id: str
    email: str
    first_name: str | None
    last_name: str | None
    display_name: str | None
    org: Org
    email_verified: bool
    registered_at: datetime
    status: Status
    version: int = Field(description="To be sent back as `expected_version`.")
    requested_at: datetime
    waiting_seconds: int | None
    decided_at: datetime | None
    decided_by: str | None
    decided_by_name: str | None
    reason: str | None


class AdminPastDecisionV1(BaseModel):
    """One decision; `decided_by` null is the command line."""

    sequence: int
    action: Action
    from_status: Status
    to_status: Status
    version: int
    decided_at: datetime
    decided_by: str | None
    decided_by_name: str | None
    reason: str | None


EXAMPLE_USER: JsonDict = {
    "user_id": "5d0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10",
    "email": "maja.ek@skola.example",
    "first_name": "Maja",
    "last_name": "Ek",
    "display_name": None,
    "org": "Ekskolan",
    "email_verified": True,
    "registered_at": "2026-01-31T08:55:20.103311Z",
    "status": "pending",
    "version": 1,
    "requested_at": "2026-01-31T08:55:20.103311Z",
    "waiting_seconds": 86400,
    "decided_at": None,
    "decided_by": None,
    "decided_by_name": None,
    "reason": None,
}
EXAMPLE_DECISION: JsonDict = {
    "sequence": 12,
    "action": "deny",
    "from_status": "pending",
    "to_status": "denied",
    "version": 2,
    "decided_at": "2026-01-31T12:00:00.000000Z",
    "decided_by": "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72",
    "decided_by_name": "Anna Admin",
    "reason": "Not at this school",
}
_PAGE: JsonDict = {"users": [EXAMPLE_USER], "next_cursor": None}


class AdminPendingUsersV1(BaseModel):
    """Accounts waiting for approval, longest first; `next_cursor` is null at the end."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PAGE]})

    users: list[AdminUserV1]
    next_cursor: str | None


class AdminUsersV1(BaseModel):
    """Accounts with their status, longest waiting first."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PAGE]})

    users: list[AdminUserV1]
    next_cursor: str | None


class AdminUserDetailV1(AdminUserV1):
    """An account with the decisions on it, oldest first, at most the newest 100."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**EXAMPLE_USER, "history": [EXAMPLE_DECISION]}]},
    )

    history: list[AdminPastDecisionV1]


class AdminProfileV1(BaseModel):
    """The token's claims; e-mail and names are null while `account` is missing."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "user_id": "7d2e9a41-5c83-4f06-b1d7-0e6f4a2c8b95",
                    "roles": ["admin"],
                    "org": "demo-school",
                    "email": "admin@skola.example",
                    "first_name": "Karin",
                    "last_name": "Berg",
                    "display_name": None,
                    "parts": [
                        {"name": "account", "status": "ok", "age_seconds": 0.0, "code": None}
                    ],
                }
            ]
        }
    )

    user_id: str
    roles: list[str] = Field(description="In alphabetical order.")
    org: Org
    email: str | None
    first_name: str | None
    last_name: str | None
    display_name: str | None
    parts: list[PartV1]
