"""Every failure leaves in the one envelope, and in no other shape."""

import math
from collections.abc import Mapping

import structlog
from pydantic import BaseModel, ConfigDict, Field
from quart import Quart, Response, request
from werkzeug.exceptions import HTTPException

from bff_core.clock import Clock, to_wire
from bff_core.errors import (
    BffError,
    InvalidRequest,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    Unexpected,
    UnsupportedMediaType,
)
from bff_core.web._edge import exchange_of

log = structlog.get_logger()

_BY_STATUS: Mapping[int, type[BffError]] = {
    404: NotFound,
    405: MethodNotAllowed,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
}


class ErrorV1(BaseModel):
    """What went wrong; `code` is stable, `message` is for people."""

    model_config = ConfigDict(title="Error")

    code: str = Field(examples=["VALIDATION_ERROR"])
    message: str = Field(examples=["The request is not valid"])
    correlation_id: str = Field(examples=["6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"])
    service: str = Field(examples=["bff_teacher_service"])
    timestamp: str = Field(examples=["2026-01-31T12:00:00.000000Z"])
    details: dict[str, object] = Field(
        examples=[{"errors": [{"pointer": "/limit", "message": "Input should be at most 100"}]}]
    )


class ErrorEnvelopeV1(BaseModel):
    """The one shape of every failure."""

    model_config = ConfigDict(title="ErrorEnvelope")

    error: ErrorV1


class ErrorHandlers:
    """Translates whatever a route let out; nothing unknown is explained to the caller."""

    def __init__(self, service: str, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    def attach(self, app: Quart) -> None:
        app.register_error_handler(BffError, self._refuse)
        app.register_error_handler(HTTPException, self._translate)
        app.register_error_handler(Exception, self._confess)

    async def _refuse(self, error: BffError) -> Response:
        if error.status >= 500:
            log.warning("request_failed", code=error.code, **_loggable(error))
        return self.respond(error)

    async def _translate(self, error: HTTPException) -> Response:
        """404, 405, 413 and the like, raised by the framework itself."""
        status = error.code or 500
        if status >= 500:
            return await self._confess(error)
        kind = _BY_STATUS.get(status, InvalidRequest)
        answer = self.respond(kind())
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            answer.headers["Allow"] = ", ".join(sorted(set(allowed) - {"OPTIONS"}))
        return answer

    async def _confess(self, error: Exception) -> Response:
        log.error("request_crashed", exc_info=error)
        return self.respond(Unexpected())

    def respond(self, error: BffError) -> Response:
        exchange = exchange_of(request.scope)
        envelope = ErrorEnvelopeV1(
            error=ErrorV1(
                code=error.code,
                message=error.text,
                correlation_id=exchange.correlation_id,
                service=self._service,
                timestamp=to_wire(self._clock.now()),
                details=error.details,
            )
        )
        answer = Response(
            envelope.model_dump_json(), status=error.status, content_type="application/json"
        )
        answer.headers["Cache-Control"] = "no-store"
        if error.retry_after is not None:
            answer.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
        if isinstance(error, NotAuthenticated):
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


def _loggable(error: BffError) -> dict[str, object]:
    return {name: value for name, value in error.details.items() if name in {"service", "part"}}
