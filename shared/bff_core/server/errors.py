"""Every failure leaves in the one envelope, and in no other shape."""

import math
from collections.abc import Mapping

import structlog
from quart import Blueprint, Quart, Response, current_app, request
from werkzeug.exceptions import HTTPException

from bff_core.clock import Clock
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
from bff_core.observability import Metrics
from bff_core.server.envelope import envelope
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
    """Translates whatever a route let out; nothing unknown is explained to the caller."""

    def __init__(self, service: str, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    def attach(self, app: Quart | Blueprint) -> None:
        app.register_error_handler(BffError, self._refuse)
        app.register_error_handler(HTTPException, self._translate)
        app.register_error_handler(Exception, self._confess)

    async def _refuse(self, error: BffError) -> Response:
        if error.status >= 500:
            log.warning("request_failed", code=error.code, **_loggable(error))
            _count(error)
        return self.respond(error)

    async def _translate(self, error: HTTPException) -> Response:
        """404, 405, 413 and the like, raised by the framework itself."""
        status = error.code or 500
        if status >= 500:
            return await self._confess(error)
        kind = _BY_STATUS.get(status, InvalidRequest)
        answer = self.respond(kind(details=_facts(error)))
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            answer.headers["Allow"] = ", ".join(sorted(set(allowed) - {"OPTIONS"}))
        return answer

    async def _confess(self, error: Exception) -> Response:
        log.error("request_crashed", exc_info=error)
        _count(Unexpected())
        return self.respond(Unexpected())

    def respond(self, error: BffError) -> Response:
        body = envelope(
            error, request_state(request.scope).correlation_id, self._service, self._clock
        )
        answer = Response(body, status=error.status, content_type="application/json")
        answer.headers["Cache-Control"] = "no-store"
        answer.headers.update(error.headers)
        if error.retry_after is not None:
            answer.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
        if isinstance(error, NotAuthenticated):
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer


def _count(error: BffError) -> None:
    """An app that we are a guest of has no metrics of ours."""
    metrics: Metrics | None = current_app.extensions.get(METRICS)
    if metrics is not None:
        metrics.failures.count(error.code, error.details.get("reason"))


def _facts(error: HTTPException) -> dict[str, object]:
    if error.code != 413:
        return {}
    return {"limit_bytes": current_app.config["MAX_CONTENT_LENGTH"]}


def _loggable(error: BffError) -> dict[str, object]:
    return {name: value for name, value in error.details.items() if name in {"service", "part"}}
