"""How failures look on the wire: a full error detail, a bare text, or the framework's page."""

import traceback
from datetime import UTC, datetime

import structlog
from quart import Blueprint, Quart, Response, g, jsonify

from devstack.emulators.identity.outbox import SOURCE
from devstack.emulators.identity.refusals import Refused
from devstack.emulators.identity.routes.inbound import BadBody, NotSignedIn

log = structlog.get_logger()


def answer_failures(app: Quart) -> None:
    """Refusals of every route."""
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(NotSignedIn, _not_signed_in)
    app.register_error_handler(BadBody, _bad_body)


def hide_the_unexpected(blueprint: Blueprint) -> None:
    """Anything else, malformed bodies included, is a 500 without a word on these routes."""
    # Named again: a blueprint's handler for everything wins over the app's for one thing.
    blueprint.register_error_handler(Refused, _refused)
    blueprint.register_error_handler(NotSignedIn, _not_signed_in)
    blueprint.register_error_handler(BadBody, _bad_body)
    blueprint.register_error_handler(Exception, _unexpected)


async def _refused(refused: Refused) -> tuple[Response, int]:
    detail = {
        "error_code": refused.code,
        "message": refused.message,
        "correlation_id": g.correlation_id,
        # Written by Quart's JSON provider as an HTTP date, as there.
        "timestamp": datetime.now(UTC),
        "service": SOURCE,
        "operation": refused.operation,
        "details": refused.details,
        "stack_trace": "".join(traceback.format_exception(refused)),
        "trace_id": g.trace_id,
        "span_id": g.span_id,
    }
    return jsonify({"error": detail}), refused.status


async def _not_signed_in(error: NotSignedIn) -> tuple[Response, int]:
    return jsonify({"error": error.text}), 401


async def _bad_body(error: BadBody) -> tuple[Response, int]:
    return jsonify({"error": error.text}), 400


async def _unexpected(error: Exception) -> tuple[Response, int]:
    log.warning("request_failed", error=type(error).__name__, correlation_id=str(g.correlation_id))
    return jsonify({"error": "Internal server error"}), 500
