"""The platform's error shapes: a plain string, or a whole ErrorDetail with its stack trace."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from quart import Response, jsonify, request

_STACK = (
    "Traceback (most recent call last):\n"
    '  File "/app/services/{service}/api/routes.py", line 118, in {operation}\n'
    "    raise_error(service, operation, message)\n"
    "HuleEduError: {code}\n"
)


def plain(message: str, status: int) -> tuple[Response, int]:
    return jsonify({"error": message}), status


def internal_error() -> tuple[Response, int]:
    return plain("Internal server error", 500)


def detailed(
    code: str,
    message: str,
    *,
    status: int,
    service: str,
    operation: str,
    details: dict[str, object],
    correlation_id: str | None = None,
) -> tuple[Response, int]:
    """Quart writes the timestamp as an RFC 1123 date, as the platform's services do."""
    error = {
        "error_code": code,
        "message": message,
        "correlation_id": correlation_id or str(uuid4()),
        "timestamp": datetime.now(UTC),
        "service": service,
        "operation": operation,
        "details": details,
        "stack_trace": _STACK.format(service=service, operation=operation, code=code),
        "trace_id": None,
        "span_id": None,
    }
    return jsonify({"error": error}), status


def correlation_id() -> str:
    """The caller's, if it is a UUID; else a fresh one."""
    try:
        return str(UUID(request.headers.get("X-Correlation-ID", "")))
    except ValueError:
        return str(uuid4())
