"""Error answers, ids and access checks that several of the platform's services share."""

from collections.abc import Collection
from datetime import UTC, datetime
from hmac import compare_digest
from uuid import UUID, uuid4

from quart import Blueprint, Response, jsonify, request

_STACK = (
    "Traceback (most recent call last):\n"
    '  File "/app/services/{service}/api/routes.py", line 118, in {operation}\n'
    "    raise_error(service, operation, message)\n"
    "HuleEduError: {code}\n"
)


def plain_error(message: str, status: int) -> tuple[Response, int]:
    return jsonify({"error": message}), status


async def internal_error(_error: Exception | None = None) -> tuple[Response, int]:
    return plain_error("Internal server error", 500)


def answer_500_for(blueprint: Blueprint, *errors: type[Exception]) -> None:
    for error in errors:
        blueprint.register_error_handler(error, internal_error)


def error_detail(
    code: str,
    message: str,
    *,
    status: int,
    service: str,
    operation: str,
    details: dict[str, object],
    correlation_id: str | None = None,
) -> tuple[Response, int]:
    """A whole ErrorDetail; Quart writes its timestamp as an RFC 1123 date, as the platform does."""
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


def canonical_uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def request_correlation_id() -> str:
    """The caller's correlation id if it is a UUID, else a new one."""
    return canonical_uuid(request.headers.get("X-Correlation-ID", "")) or str(uuid4())


def access_error(key: str, allowed: Collection[str] | None) -> tuple[Response, int] | None:
    """The 401 for a call without a good internal key; None for a good call.

    An empty `key` refuses every call; `allowed` None accepts any service id.
    """
    sent = request.headers.get("X-Internal-API-Key", "")
    service = request.headers.get("X-Service-ID", "")
    if not sent or not service:
        return plain_error("Missing authentication", 401)
    is_key = bool(key) and compare_digest(sent.encode(), key.encode())
    if not is_key or (allowed is not None and service not in allowed):
        return plain_error("Invalid credentials", 401)
    return None
