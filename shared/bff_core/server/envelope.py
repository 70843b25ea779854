"""The one shape of every failure, as bytes and as an ASGI response."""

import math

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from bff_core.clock import Clock, to_wire
from bff_core.context import CorrelationId
from bff_core.errors import BffError, NotAuthenticated
from bff_core.server.asgi import Send, send_response


class ErrorV1(BaseModel):
    """The failure; `code` is stable, `message` is for people."""

    model_config = ConfigDict(title="Error")

    code: str = Field(examples=["VALIDATION_ERROR"])
    message: str = Field(examples=["The request is not valid"])
    correlation_id: str = Field(examples=["6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"])
    service: str = Field(examples=["bff_teacher"])
    timestamp: str = Field(examples=["2026-01-31T12:00:00.000000Z"])
    details: dict[str, object] = Field(
        examples=[{"errors": [{"pointer": "/limit", "message": "Input should be at most 100"}]}]
    )


class ErrorEnvelopeV1(BaseModel):
    """The one shape of every failure."""

    model_config = ConfigDict(title="ErrorEnvelope")

    error: ErrorV1


_DUMP = TypeAdapter(ErrorEnvelopeV1).dump_json


def envelope(error: BffError, correlation_id: CorrelationId, service: str, clock: Clock) -> bytes:
    """The body of a refusal or a failure."""
    failure = ErrorV1(
        code=error.code,
        message=error.text,
        correlation_id=correlation_id,
        service=service,
        timestamp=to_wire(clock.now()),
        details=error.details,
    )
    return _DUMP(ErrorEnvelopeV1(error=failure))


def error_headers(error: BffError) -> dict[str, str]:
    """Headers that go with the envelope."""
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **error.headers}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return headers


async def send_error(
    send: Send, error: BffError, correlation_id: CorrelationId, service: str, clock: Clock
) -> None:
    """Refuse a request below the framework."""
    body = envelope(error, correlation_id, service, clock)
    headers = {**error_headers(error), "Content-Length": str(len(body))}
    await send_response(send, error.status, headers, body)
