"""Bodies of the platform's gateway: registration of a batch, and start of its pipeline."""

from typing import Any, Literal

import msgspec

NOT_FORWARDED = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})
"""Types of errors that the gateway names when it could not reach the orchestrator at all."""


class Registration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The gateway adds user and organisation from the token. The class's owner is not checked."""

    expected_essay_count: int
    course_code: str
    class_id: str | None = None
    student_prompt_ref: dict[str, Any] | None = None


class Registered(msgspec.Struct, frozen=True):
    batch_id: str
    status: Literal["registered"]


class FailureDetails(msgspec.Struct, frozen=True):
    error_type: str | None = None


class Failure(msgspec.Struct, frozen=True):
    details: FailureDetails = FailureDetails()


class FailureEnvelope(msgspec.Struct, frozen=True):
    error: Failure


def prompt_reference(storage_id: str) -> dict[str, Any]:
    """The reference to a text of the content service, as a batch keeps it."""
    return {"references": {"student_prompt_text": {"storage_id": storage_id, "path": ""}}}


class StartBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    requested_pipeline: str
    is_retry: bool = False
    retry_reason: str | None = None


class StartAccepted(msgspec.Struct, frozen=True):
    """The command is in Kafka, which says nothing about a start."""

    status: Literal["accepted"]


class StartDenied(msgspec.Struct, frozen=True):
    """The gateway's own preflight refused, unlike its limit of requests, which has no such field."""

    allowed: Literal[False]
    denial_reason: str | None = None


class PreflightFailed(msgspec.Struct, frozen=True):
    """The gateway's own preflight failed, so nothing was sent; a failure of Kafka is an envelope."""

    error: str
