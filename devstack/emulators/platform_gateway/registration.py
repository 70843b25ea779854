"""Registration through the gateway: user and organisation are those of the token."""

import sqlite3
from typing import Any

from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.effects.registration import register
from devstack.emulators.control import switches
from devstack.emulators.database import database
from devstack.emulators.platform_gateway.access import caller, envelope, unauthenticated
from devstack.emulators.responses import request_correlation_id

COURSES = ("ENG5", "ENG6", "ENG7", "SV1", "SV2", "SV3")

routes = Blueprint("registration", __name__)


@routes.post("/v1/batches/register")
async def register_batch() -> ResponseReturnValue:
    """Another batch at each call; the class may be anybody's."""
    by = caller()
    if by is None:
        return unauthenticated()
    try:
        body = await request.get_json()
    except (BadRequest, UnsupportedMediaType):
        body = None
    if (error := _error_of(body)) is not None:
        return envelope("VALIDATION_ERROR", error, 422, {"validation_errors": [{"msg": error}]})
    if switches()["bos"] == "down":
        details = {"error_type": "ConnectError"}
        return envelope("UNKNOWN_ERROR", "An unexpected error occurred", 500, details)
    try:
        batch_id = await database().run(lambda db: register(db, body, by.user_id))
    except sqlite3.Error:
        return jsonify({"error": "Failed to register batch."}), 500
    answer = {
        "batch_id": batch_id,
        "correlation_id": request_correlation_id(),
        "status": "registered",
    }
    return jsonify(answer), 202


def _error_of(body: Any) -> str | None:
    if not isinstance(body, dict):
        return "Input should be a valid dictionary or object to extract fields from"
    count = body.get("expected_essay_count")
    if type(count) is not int or count <= 0:
        return "Input should be greater than 0"
    if body.get("course_code") not in COURSES:
        return "Input should be 'ENG5', 'ENG6', 'ENG7', 'SV1', 'SV2' or 'SV3'"
    return None
