"""Translates every exception that leaves a route into the one envelope."""

from collections.abc import Mapping

import structlog
from quart import Blueprint, Quart, Response, current_app, request
from werkzeug.exceptions import HTTPException

from bff_core.clock import Clock
from bff_core.errors import (
    BffError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    Unexpected,
    UnsupportedMediaType,
)
from bff_core.observability import Metrics
from bff_core.server.envelope import envelope, error_headers
from bff_core.server.request_middleware import request_state
from bff_core.server.routes.responses import METRICS

log = structlog.get_logger()

_BY_STATUS: Mapping[int, type[BffError]] = {
    404: NotFound,
    405: MethodNotAllowed,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
}


class ErrorHandlers:
    """Error handlers of an app or a blueprint; an unknown exception is not explained to the caller."""

    def __init__(self, service: str, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    def attach(self, app: Quart | Blueprint) -> None:
        app.register_error_handler(BffError, self._on_known_error)
        app.register_error_handler(HTTPException, self._on_http_exception)
        app.register_error_handler(Exception, self._on_unexpected)

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
        return self.respond(error)

    async def _on_http_exception(self, error: HTTPException) -> Response:
        """404, 405, 413 and the like, raised by the framework itself."""
        status = error.code or 500
        if status >= 500:
            return await self._on_unexpected(error)
        limit = {"limit_bytes": current_app.config["MAX_CONTENT_LENGTH"]} if status == 413 else {}
        response = self.respond(_BY_STATUS.get(status, InvalidRequest)(details=limit))
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(set(allowed) - {"OPTIONS"}))
        return response

    async def _on_unexpected(self, error: Exception) -> Response:
        log.error("request_crashed", exc_info=error)
        _count(Unexpected())
        return self.respond(Unexpected())

    def respond(self, error: BffError) -> Response:
        correlation_id = request_state(request.scope).correlation_id
        body = envelope(error, correlation_id, self._service, self._clock)
        response = Response(body, status=error.status)
        response.headers.update(error_headers(error))
        return response


def _count(error: BffError) -> None:
    # An app that a blueprint is mounted into has no metrics of this kind.
    metrics: Metrics | None = current_app.extensions.get(METRICS)
    if metrics is not None:
        metrics.failures.count(error.code, error.details.get("reason"))
