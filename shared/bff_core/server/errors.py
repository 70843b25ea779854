"""Answers every failure in the one envelope, whether Quart or a layer below it met the failure."""

import math
from collections.abc import Mapping

import structlog
from pydantic import BaseModel, ConfigDict, Field
from quart import Blueprint, Quart, Response, current_app, request
from werkzeug.exceptions import HTTPException

from bff_core.clock import Clock, to_wire
from bff_core.context import CorrelationId
from bff_core.errors import (
    BffError,
    ClientError,
    InvalidRequest,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    Unexpected,
    UnsupportedMediaType,
)
from bff_core.observability import Metrics
from bff_core.server.asgi import Send, request_state, send_response
from bff_core.server.routes import METRICS

log = structlog.get_logger()

_BY_STATUS: Mapping[int, type[BffError]] = {
    404: NotFound,
    405: MethodNotAllowed,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
}


class RequestTooSlow(ClientError, code="INVALID_REQUEST", status=408):
    message = "The request body did not arrive in time"


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


class ErrorHandlers:
    """Answers errors in the name of a service; an unknown exception is not explained to the caller."""

    def __init__(self, service: str, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    def attach(self, app: Quart | Blueprint) -> None:
        app.register_error_handler(BffError, self._on_known_error)
        app.register_error_handler(HTTPException, self._on_http_exception)
        app.register_error_handler(Exception, self._on_unexpected)

    async def send(self, send: Send, error: BffError, correlation_id: CorrelationId) -> None:
        """Refuse a request below Quart."""
        body = self._envelope(error, correlation_id)
        headers = {**_headers(error), "Content-Length": str(len(body))}
        await send_response(send, error.status, headers, body)

    async def _on_known_error(self, error: BffError) -> Response:
        if error.status >= 500:
            log.warning(
                "request_failed",
                code=error.code,
                service=error.details.get("service"),
                part=error.details.get("part"),
                reason=error.details.get("reason"),
                error=error.fields.get("error"),
            )
            _count(error)
        return self._respond(error)

    async def _on_http_exception(self, error: HTTPException) -> Response:
        """404, 405, 413 and the like, raised by the framework itself."""
        status = error.code or 500
        if status >= 500:
            return await self._on_unexpected(error)
        limit = {"limit_bytes": current_app.config["MAX_CONTENT_LENGTH"]} if status == 413 else {}
        response = self._respond(_BY_STATUS.get(status, InvalidRequest)(details=limit))
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(set(allowed) - {"OPTIONS"}))
        return response

    async def _on_unexpected(self, error: Exception) -> Response:
        log.error("request_crashed", exc_info=error)
        _count(Unexpected())
        return self._respond(Unexpected())

    def _respond(self, error: BffError) -> Response:
        body = self._envelope(error, request_state(request.scope).correlation_id)
        response = Response(body, status=error.status)
        response.headers.update(_headers(error))
        return response

    def _envelope(self, error: BffError, correlation_id: CorrelationId) -> bytes:
        failure = ErrorV1(
            code=error.code,
            message=error.text,
            correlation_id=correlation_id,
            service=self._service,
            timestamp=to_wire(self._clock.now()),
            details=error.details,
        )
        return ErrorEnvelopeV1(error=failure).model_dump_json().encode()


def _headers(error: BffError) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store", **error.headers}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, NotAuthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def _count(error: BffError) -> None:
    # An app that a blueprint is mounted into has no metrics of this kind.
    metrics: Metrics | None = current_app.extensions.get(METRICS)
    if metrics is not None:
        metrics.failures.count(error.code, error.details.get("reason"))
