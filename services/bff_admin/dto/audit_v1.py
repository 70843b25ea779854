"""DTOs of the audit of settings and accounts."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.config import JsonDict

from bff_core.composition import PartV1
from bff_core.inputs import QueryInt, Since
from services.bff_admin.dto.users_v1 import Action, Status

Source = Literal["settings", "users"]


class AdminAuditQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Source | None = Field(None, description="Only changes of this kind.")
    actor: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$", description="A user id.")
    since: Since | None = Field(None, description="Changes of this time and later.")
    limit: QueryInt = Field(20, ge=1, le=100, description="Changes a page.")
    cursor: str | None = Field(
        None, max_length=500, description="`next_cursor`, with the same filters."
    )


class AuditSettingV1(BaseModel):
    """Change of a namespace; `diff` is a JSON Patch from the version before."""

    namespace: str
    version_before: int
    version_after: int
    diff: list[dict[str, JsonValue]]


class AuditUserV1(BaseModel):
    """Change of an account's status."""

    user_id: str
    action: Action
    from_status: Status
    to_status: Status
    version: int


class AuditEntryV1(BaseModel):
    """One change, of a setting or of a user; `actor` null is the command line."""

    source: Source
    sequence: int = Field(description="Counts the changes of its source; with it, an id.")
    at: datetime
    actor: str | None
    actor_name: str | None
    reason: str | None
    correlation_id: str
    setting: AuditSettingV1 | None
    user: AuditUserV1 | None


EXAMPLE_ENTRY: JsonDict = {
    "source": "settings",
    "sequence": 17,
    "at": "2026-01-31T12:00:00.000000Z",
    "actor": "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72",
    "actor_name": None,
    "reason": "Database upgrade on Saturday",
    "correlation_id": "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11",
    "setting": {
        "namespace": "maintenance",
        "version_before": 3,
        "version_after": 4,
        "diff": [{"op": "replace", "path": "/read_only", "value": True}],
    },
    "user": None,
}


class AdminAuditV1(BaseModel):
    """Changes, newest first.

    Following `next_cursor` gives every change once, whether or not a source was away meanwhile;
    those of a source that was away come late, when it is back.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "entries": [EXAMPLE_ENTRY],
                    "next_cursor": None,
                    "complete_until": None,
                    "parts": [
                        {"name": "settings", "status": "ok", "age_seconds": 0.0, "code": None},
                        {"name": "users", "status": "ok", "age_seconds": 0.0, "code": None},
                    ],
                }
            ]
        }
    )

    entries: list[AuditEntryV1]
    next_cursor: str | None = Field(description="Null when there is nothing older.")
    complete_until: datetime | None = Field(
        description="Everything newer has been given, on this page and those before it; of what is"
        " older, some of a source that was away may be lacking. Null: nothing is lacking."
    )
    parts: list[PartV1]
