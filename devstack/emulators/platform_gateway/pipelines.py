"""Starts through the gateway: the preflight decides, and the rest is a command over Kafka."""

import sqlite3
from typing import Any

from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.effects.pipelines import command
from devstack.emulators.bos.preflight import PHASE_NAMES, judge
from devstack.emulators.control import switches
from devstack.emulators.database import database
from devstack.emulators.platform_gateway.access import caller, envelope, unauthenticated
from devstack.emulators.responses import request_correlation_id

LONGEST_REASON = 500
_PASSED_ON = frozenset({402, 404, 429})

routes = Blueprint("pipelines", __name__)


@routes.post("/v1/batches/<batch_id>/pipelines")
async def start_pipeline(batch_id: str) -> ResponseReturnValue:
    """Another command at each call, whoever the batch's owner is and whatever it waits for."""
    by = caller()
    if by is None:
        return unauthenticated()
    try:
        body = await request.get_json()
    except (BadRequest, UnsupportedMediaType):
        body = None
    if (error := _error_of(body)) is not None:
        return envelope("VALIDATION_ERROR", error, 422, {"validation_errors": [{"msg": error}]})
    if "down" in {switches()["bos"], switches()["kafka"]}:
        return envelope("KAFKA_PUBLISH_ERROR", "Failed to publish pipeline request", 503)
    answer, status = await database().run(lambda db: _start(db, batch_id, body, by.user_id))
    return jsonify(answer), status


def _error_of(body: Any) -> str | None:
    if not isinstance(body, dict):
        return "Input should be a valid dictionary or object to extract fields from"
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
    if status in _PASSED_ON:
        return judged, status
    if status != 200:
        return judged, 503
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
