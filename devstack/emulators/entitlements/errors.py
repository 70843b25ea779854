"""The error shapes of Entitlements: an envelope, a list of invalid fields, and a bare 500."""

from datetime import UTC, datetime

from pydantic import ValidationError
from quart import Quart, jsonify
from quart.typing import ResponseReturnValue

from devstack.emulators.responses import request_correlation_id

SERVICE = "entitlements_service"
_STATUSES = {"VALIDATION_ERROR": 400, "PROCESSING_ERROR": 500}


class EntitlementsError(Exception):
    """Answered in the envelope that several of the platform's services share."""

    def __init__(self, code: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details


def invalid(field: str, message: str) -> EntitlementsError:
    return EntitlementsError("VALIDATION_ERROR", message, field=field)


def add_handlers(app: Quart) -> None:
    app.register_error_handler(EntitlementsError, _answer_envelope)
    app.register_error_handler(ValidationError, _answer_invalid_fields)
    # A path that does not exist, a wrong method and bad JSON come here, too.
    app.register_error_handler(Exception, _answer_internal_error)


async def _answer_envelope(error: EntitlementsError) -> ResponseReturnValue:
    body = {
        "code": error.code,
        "message": error.message,
        "correlation_id": request_correlation_id(),
        "service": SERVICE,
        "timestamp": datetime.now(UTC).isoformat(),
        "details": error.details,
    }
    return jsonify({"error": body}), _STATUSES[error.code]


async def _answer_invalid_fields(error: ValidationError) -> ResponseReturnValue:
    body = {
        "error": "validation_error",
        "message": "Invalid request data",
        "details": error.errors(),
        "service": SERVICE,
    }
    return jsonify(body), 400


async def _answer_internal_error(_error: Exception) -> ResponseReturnValue:
    body = {
        "error": "Internal server error",
        "message": "An unexpected error occurred",
        "service": SERVICE,
    }
    return jsonify(body), 500
