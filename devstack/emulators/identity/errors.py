"""Errors of the Identity service: a full error detail, a bare text, or a bare 500."""

import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from quart import Response, g, jsonify

SERVICE = "identity_service"
log = structlog.get_logger()


class IdentityError(Exception):
    """Answered with a full error detail; `status` is the platform's, mostly 400."""

    def __init__(
        self,
        code: str,
        message: str,
        operation: str,
        details: Mapping[str, object] | None = None,
        *,
        status: int = 400,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.operation = operation
        self.details = dict(details or {})
        self.status = status


class PlainIdentityError(Exception):
    """Answered with a bare text."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


async def answer_error(error: Exception) -> tuple[Response, int]:
    """Any other error, a malformed body included, is a 500 without details."""
    if isinstance(error, PlainIdentityError):
        return jsonify({"error": error.text}), error.status
    if not isinstance(error, IdentityError):
        name, correlation_id = type(error).__name__, str(g.correlation_id)
        log.warning("request_failed", error=name, correlation_id=correlation_id)
        return jsonify({"error": "Internal server error"}), 500
    detail = {
        "error_code": error.code,
        "message": error.message,
        "correlation_id": g.correlation_id,
        # Quart writes it as an HTTP date, as the platform does.
        "timestamp": datetime.now(UTC),
        "service": SERVICE,
        "operation": error.operation,
        "details": error.details,
        "stack_trace": "".join(traceback.format_exception(error)),
        "trace_id": g.trace_id,
        "span_id": g.span_id,
    }
    return jsonify({"error": detail}), error.status
