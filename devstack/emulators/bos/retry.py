"""BOS's retry of one phase, which checks neither owner, nor credits, nor a running pipeline."""

import sqlite3
from datetime import UTC, datetime

from quart import Blueprint, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.effects.pipelines import run_again
from devstack.emulators.bos.preflight import PHASE_NAMES
from devstack.emulators.database import database, fetch_all
from devstack.emulators.responses import answer_500_for, plain_error

routes = Blueprint("retry", __name__, url_prefix="/v1/batches/<batch_id>")
# BOS reads the body without a check: every error in it is a 500.
answer_500_for(routes, sqlite3.Error, BadRequest, UnsupportedMediaType, AttributeError)


@routes.post("/retry-phase")
async def retry_phase(batch_id: str) -> ResponseReturnValue:
    body = await request.get_json()
    phase, user_id = body.get("phase_name"), body.get("user_id")
    if not phase or not user_id:
        return plain_error("phase_name and user_id are required", 400)
    query = "SELECT 1 FROM bos_batches WHERE batch_id = ?"
    if await database().fetch_one(query, batch_id) is None:
        return plain_error("Batch not found", 404)
    if phase.lower() not in PHASE_NAMES:
        return plain_error(f"Invalid phase name: {phase}", 400)
    phase = phase.lower()
    if phase == "cj_assessment" and body.get("essay_ids"):
        message = "CJ Assessment requires full batch retry for ranking consistency"
        return plain_error(message, 400)
    has_essays = await database().run(lambda connection: _reset(connection, batch_id, phase))
    if not has_essays:
        # The phase is reset all the same.
        return plain_error("No essays found for batch", 404)
    message = f"Retry initiated for {phase} phase"
    return jsonify(
        {"status": "retry_initiated", "batch_id": batch_id, "phase": phase, "message": message}
    )


def _reset(connection: sqlite3.Connection, batch_id: str, phase: str) -> bool:
    """Run the phase again; it stays `requested_by_user` for ever. True if it has essays."""
    connection.execute(
        "UPDATE phases SET status = 'requested_by_user' WHERE batch_id = ? AND name = ?",
        (batch_id, phase),
    )
    now = datetime.now(UTC).replace(tzinfo=None).isoformat()
    change = "UPDATE bos_batches SET last_updated = ? WHERE batch_id = ?"
    connection.execute(change, (now, batch_id))
    query = "SELECT 1 FROM essays WHERE batch_id = ? LIMIT 1"
    has_essays = bool(fetch_all(connection, query, batch_id))
    if has_essays:
        run_again(connection, batch_id, phase)
    return has_essays
