"""DTOs of the overview of operations."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from bff_core.composition import PartV1
from services.bff_admin.dto.audit_v1 import EXAMPLE_ENTRY, AuditEntryV1


class PendingSummaryV1(BaseModel):
    """Accounts waiting for approval; `count` is a lower bound when `is_exact` is false."""

    count: int
    is_exact: bool
    oldest_waiting_seconds: int | None = Field(description="Null when no account is waiting.")


class ServiceHealthV1(BaseModel):
    """`unhealthy` answers, but not that it is well; `code` says why one is not healthy."""

    name: str
    status: Literal["healthy", "unhealthy", "unreachable"]
    latency_ms: float | None = Field(description="Null when there was no answer.")
    version: str | None
    code: str | None


class EventsConsumerV1(BaseModel):
    """The teacher BFF's consumer of the platform's events, in the replica that answered.

    `connecting` also means that the broker was lost, `absent` that the service lacks the library.
    """

    status: Literal["connected", "connecting", "absent"]
    lag: int | None = Field(description="Messages that were not read yet; null while unknown.")
    silent_seconds: float | None = Field(
        description="Seconds since the last message; null before the first one."
    )
    rejects: int | None = Field(
        description="Messages of all replicas that were put aside; null while unknown."
    )


class BreakerV1(BaseModel):
    """Circuit breaker of this process for calls to a service, or to one operation of it."""

    service: str
    operation: str | None = Field(description="Null for the breaker of the whole service.")
    state: Literal["closed", "open", "half_open"]


class ChangedValueV1(BaseModel):
    """A value that is not its default; null where one of the two is not there."""

    pointer: str
    value: JsonValue
    default: JsonValue


class ChangedSettingsV1(BaseModel):
    """A namespace that differs from its defaults."""

    namespace: str
    version: int
    updated_at: str | None
    updated_by: str | None
    values: list[ChangedValueV1]


class AdminOverviewV1(BaseModel):
    """Every part may be missing; what it would hold is then null.

    `recent_changes` holds those of both sources, or of the one that answered.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "pending": {"count": 4, "is_exact": True, "oldest_waiting_seconds": 86400},
                    "recent_changes": [EXAMPLE_ENTRY],
                    "changed_settings": [
                        {
                            "namespace": "maintenance",
                            "version": 4,
                            "updated_at": "2026-01-31T12:00:00.000000Z",
                            "updated_by": "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72",
                            "values": [{"pointer": "/read_only", "value": True, "default": False}],
                        }
                    ],
                    "services": [
                        {
                            "name": "ras",
                            "status": "healthy",
                            "latency_ms": 3.1,
                            "version": "1.0.0",
                            "code": None,
                        }
                    ],
                    "events": {
                        "status": "connected",
                        "lag": 0,
                        "silent_seconds": 1.5,
                        "rejects": 0,
                    },
                    "breakers": [
                        {"service": "config_service", "operation": None, "state": "closed"},
                        {"service": "config_service", "operation": "settings", "state": "closed"},
                    ],
                    "generated_at": "2026-01-31T12:00:01.000000Z",
                    "parts": [
                        {"name": name, "status": "ok", "age_seconds": 0.0, "code": None}
                        for name in (
                            "pending",
                            "setting_changes",
                            "user_decisions",
                            "changed_settings",
                            "events_consumer",
                        )
                    ],
                }
            ]
        }
    )

    pending: PendingSummaryV1 | None
    recent_changes: list[AuditEntryV1] | None = Field(description="The last ten, newest first.")
    changed_settings: list[ChangedSettingsV1] | None
    services: list[ServiceHealthV1]
    events: EventsConsumerV1 | None = Field(
        description="Null without Kafka, and where the teacher BFF does not answer."
    )
    breakers: list[BreakerV1]
    generated_at: datetime
    parts: list[PartV1]
