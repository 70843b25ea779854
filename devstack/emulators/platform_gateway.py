"""The platform's own gateway: its write routes, which check the token and little else."""

import sqlite3
from collections.abc import Callable
from typing import Any

from quart import Blueprint, Quart, Response, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.effects.pipelines import command
from devstack.effects.registration import register
from devstack.emulators.bos import PHASE_NAMES, judge
from devstack.emulators.control import switches
from devstack.emulators.database import database
from devstack.emulators.responses import EnvelopeError, request_correlation_id
from devstack.emulators.server import (
    EmulatorSettings,
    emulator_settings,
    new_app,
    run,
    with_controls,
)
from devstack.tokens import verified_subject

COURSES = ("ENG5", "ENG6", "ENG7", "SV1", "SV2", "SV3")
LONGEST_REASON = 500
_SERVICE = "api-gateway-service"
_PASSED_ON = frozenset({402, 404, 429})

routes = Blueprint("gateway", __name__)


def create_app(settings: EmulatorSettings) -> Quart:
    choices = {"bos": ("up", "down"), "kafka": ("up", "down")}
    app = new_app("api_gateway", settings.database, choices)
    app.extensions["settings"] = settings
    app.register_blueprint(routes)
    return with_controls(app)


@routes.get("/healthz")
async def healthz() -> Response:
    return jsonify({"service": "api_gateway_service", "status": "healthy"})


@routes.post("/v1/batches/register")
async def register_batch() -> ResponseReturnValue:
    """Another batch at each call, of the token's user; the class may be anybody's."""
    user_id = _require_user()
    body = await _checked_body(_registration_error)
    if switches()["bos"] == "down":
        message = "An unexpected error occurred"
        raise EnvelopeError(_SERVICE, "UNKNOWN_ERROR", message, 500, error_type="ConnectError")
    try:
        batch_id = await database().run(lambda db: register(db, body, user_id))
    except sqlite3.Error:
        return jsonify({"error": "Failed to register batch."}), 500
    answer = {
        "batch_id": batch_id,
        "correlation_id": request_correlation_id(),
        "status": "registered",
    }
    return jsonify(answer), 202


def _registration_error(body: dict[str, Any]) -> str | None:
    count = body.get("expected_essay_count")
    if type(count) is not int or count <= 0:
        return "Input should be greater than 0"
    if body.get("course_code") not in COURSES:
        return "Input should be 'ENG5', 'ENG6', 'ENG7', 'SV1', 'SV2' or 'SV3'"
    return None


@routes.post("/v1/batches/<batch_id>/pipelines")
async def start_pipeline(batch_id: str) -> ResponseReturnValue:
    """Another command at each call, whoever the batch's owner is and whatever it waits for.

    The preflight decides, and the rest is a command over Kafka.
    """
    user_id = _require_user()
    body = await _checked_body(_start_error)
    if body.get("batch_id") not in {None, batch_id}:
        raise EnvelopeError(_SERVICE, "VALIDATION_ERROR", "The batch ids differ", 400)
    if switches()["bos"] == "down":
        raise _unpublished()
    answer, status = await database().run(lambda db: _start(db, batch_id, body, user_id))
    return jsonify(answer), status


def _unpublished() -> EnvelopeError:
    message = "Failed to publish pipeline request"
    return EnvelopeError(_SERVICE, "KAFKA_PUBLISH_ERROR", message, 503)


def _start_error(body: dict[str, Any]) -> str | None:
    if body.get("requested_pipeline") not in PHASE_NAMES:
        names = ", ".join(f"'{name}'" for name in PHASE_NAMES)
        return f"Input should be {names}"
    reason = body.get("retry_reason")
    if reason is not None and (not isinstance(reason, str) or len(reason) > LONGEST_REASON):
        return f"String should have at most {LONGEST_REASON} characters"
    return None


def _start(
    connection: sqlite3.Connection, batch_id: str, body: dict[str, Any], user_id: str
) -> tuple[dict[str, Any], int]:
    pipeline = body["requested_pipeline"]
    judged, status = judge(connection, batch_id, pipeline, has_entitlements=True)
    if status != 200:
        return judged, status if status in _PASSED_ON else 503
    if switches()["kafka"] == "down":
        raise _unpublished()
    correlation_id = request_correlation_id()
    resolved: list[str] = judged["resolved_pipeline"]
    command(
        connection, batch_id, pipeline, resolved, user_id=user_id, correlation_id=correlation_id
    )
    accepted = {
        "status": "accepted",
        "message": "Pipeline execution request received",
        "batch_id": batch_id,
        "correlation_id": correlation_id,
    }
    return accepted, 202


def _require_user() -> str:
    """The user of the bearer token; without a valid one the answer is a 401."""
    settings = emulator_settings()
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    is_bearer = kind.lower() == "bearer"
    user_id = verified_subject(token, settings.jwt_secret, settings.jwt_algorithm)
    if not is_bearer or user_id is None:
        message = "Could not validate credentials"
        raise EnvelopeError(_SERVICE, "AUTHENTICATION_ERROR", message, 401)
    return user_id


async def _checked_body(error_of: Callable[[dict[str, Any]], str | None]) -> dict[str, Any]:
    """The JSON object in which `error_of` finds no error; else the answer is a 422."""
    try:
        body = await request.get_json()
    except (BadRequest, UnsupportedMediaType):
        body = None
    error: str | None = "Input should be a valid dictionary or object to extract fields from"
    if isinstance(body, dict) and (error := error_of(body)) is None:
        return body
    details = [{"msg": error}]
    raise EnvelopeError(_SERVICE, "VALIDATION_ERROR", str(error), 422, validation_errors=details)


if __name__ == "__main__":
    run(create_app(EmulatorSettings.from_env()), "HOST", "HTTP_PORT", 8080)
