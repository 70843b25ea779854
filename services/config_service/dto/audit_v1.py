"""DTOs of the audit and its verification."""

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bff_core.inputs import QueryInt, Since
from services.config_service.chain import Problem
from services.config_service.values import PatchOperation


class AuditQuery(BaseModel):
    """Filters of the audit, newest first."""

    model_config = ConfigDict(extra="forbid")

    namespace: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]{0,62}$")
    actor: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$", description="A user id.")
    since: Since | None = Field(None, description="Entries of this time and later.")
    limit: QueryInt = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, pattern=r"^[0-9]{1,18}$", description="`next_cursor`.")


class AuditEntryV1(BaseModel):
    """One change."""

    sequence: int = Field(ge=1, examples=[17])
    at: str = Field(description="UTC.", examples=["2026-01-31T12:00:00.000000Z"])
    actor: str = Field(description="The user id.", examples=["admin-1"])
    service: str = Field(
        description="The service that forwarded it.", examples=["bff-admin-service"]
    )
    correlation_id: str = Field(examples=["6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"])
    namespace: str = Field(examples=["maintenance"])
    version_before: int = Field(ge=0, examples=[3])
    version_after: int = Field(ge=1, examples=[4])
    reason: str = Field(examples=["Database upgrade on Saturday"])
    diff: list[PatchOperation] = Field(
        description="JSON Patch from before to after.",
        examples=[[{"op": "replace", "path": "/read_only", "value": True}]],
    )


class AuditPageV1(BaseModel):
    """Changes, newest first."""

    entries: list[AuditEntryV1]
    next_cursor: str | None = Field(description="`cursor` of the next page; null on the last.")


class AuditEntryDetailV1(AuditEntryV1):
    """One change with all that is sealed."""

    before: dict[str, JsonValue] = Field(examples=[{"read_only": False}])
    after: dict[str, JsonValue] = Field(examples=[{"read_only": True}])
    prev_mac: str = Field(
        description="The seal of the entry before; zeros for the first.", examples=["0" * 64]
    )
    mac: str = Field(
        description="HMAC-SHA256 of everything above, in hex.",
        examples=["af202362c086ce2bd0b51e66830a79eed28b19f2bb7bc4ae2f1a29114cfdec18"],
    )


class AuditFaultV1(BaseModel):
    """The first entry that does not stand."""

    sequence: int
    problem: Problem


class AuditVerdictV1(BaseModel):
    """Result of verifying the hash chain from its first entry to its head."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "valid": False,
                    "length": 16,
                    "head": "af202362c086ce2bd0b51e66830a79eed28b19f2bb7bc4ae2f1a29114cfdec18",
                    "fault": {"sequence": 17, "problem": "wrong_seal"},
                }
            ]
        }
    )

    valid: bool
    length: int = Field(description="Entries that stand, from the first.", ge=0)
    head: str = Field(description="The seal of the last that stands. Note it down elsewhere.")
    fault: AuditFaultV1 | None
