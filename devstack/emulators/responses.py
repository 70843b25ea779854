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


class ErrorAnswer(Exception):
    """Answered with `{"error": …}`."""

    def __init__(self, error: object, status: int) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class PlainError(ErrorAnswer):
    """Answered with a bare text."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text, status)


class DetailedError(ErrorAnswer):
    """Answered with a whole ErrorDetail."""

    def __init__(
        self,
        service: str,
        operation: str,
        code: str,
        message: str,
        status: int = 400,
        /,
        **details: object,
    ) -> None:
        self.detail = {
            "error_code": code,
            "message": message,
            "correlation_id": request_correlation_id(),
            # Quart writes it as an RFC 1123 date, as the platform does.
            "timestamp": datetime.now(UTC),
            "service": service,
            "operation": operation,
            "details": details,
            "stack_trace": _STACK.format(service=service, operation=operation, code=code),
            "trace_id": None,
            "span_id": None,
        }
        super().__init__(self.detail, status)


class EnvelopeError(ErrorAnswer):
    """Answered in the envelope of Entitlements and of the platform's gateway."""

    def __init__(
        self, service: str, code: str, message: str, status: int, /, **details: object
    ) -> None:
        envelope = {
            "code": code,
            "message": message,
            "correlation_id": request_correlation_id(),
            "service": service,
            "timestamp": datetime.now(UTC).isoformat(),
            "details": details,
        }
        super().__init__(envelope, status)


async def answer_error(error: ErrorAnswer) -> tuple[Response, int]:
    return jsonify({"error": error.error}), error.status


async def internal_error(_error: Exception | None = None) -> tuple[Response, int]:
    return jsonify({"error": "Internal server error"}), 500


def answer_500_for(blueprint: Blueprint, *errors: type[Exception]) -> None:
    for error in errors:
        blueprint.register_error_handler(error, internal_error)


def canonical_uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


def require_uuid(text: str, message: str) -> str:
    """The id in canonical form.

    Raises:
        PlainError: It is no UUID; the answer is a 400 with this message.
    """
    identifier = canonical_uuid(text)
    if identifier is None:
        raise PlainError(message)
    return identifier


def request_correlation_id() -> str:
    """The caller's correlation id if it is a UUID, else a new one."""
    return canonical_uuid(request.headers.get("X-Correlation-ID", "")) or str(uuid4())


def require_internal_key(key: str, allowed: Collection[str] | None) -> None:
    """Check the internal key of a call.

    An empty `key` refuses every call; `allowed` None accepts any service id.

    Raises:
        PlainError: A 401.
    """
    sent = request.headers.get("X-Internal-API-Key", "")
    service = request.headers.get("X-Service-ID", "")
    if not sent or not service:
        raise PlainError("Missing authentication", 401)
    is_key = bool(key) and compare_digest(sent.encode(), key.encode())
    if not is_key or (allowed is not None and service not in allowed):
        raise PlainError("Invalid credentials", 401)
