"""BOS's two readings of a batch; its id is compared as it is, and any caller reads any batch."""

import json
import sqlite3

from quart import Blueprint, jsonify
from quart.typing import ResponseReturnValue

from devstack.emulators.database import Row, database, fetch_all
from devstack.emulators.responses import plain_error

PHASES = ("spellcheck", "nlp", "ai_feedback", "cj_assessment")
# BOS has fields for counts, progress and errors, and fills none of them.
_NO_COUNTS = {"total": 0, "successful": 0, "failed": 0, "pending_dispatch_or_processing": 0}

routes = Blueprint("states", __name__)


@routes.get("/internal/v1/batches/<batch_id>/pipeline-state")
async def pipeline_state(batch_id: str) -> ResponseReturnValue:
    try:
        found = await database().run(lambda connection: read_batch(connection, batch_id))
    except sqlite3.Error:
        return plain_error("Failed to get internal pipeline state", 500)
    if found is None:
        return plain_error("Pipeline state not found for batch", 404)
    state = found["pipeline_state"]
    return jsonify({"batch_id": batch_id, "pipeline_state": state, "user_id": found["user_id"]})


@routes.get("/v1/batches/<batch_id>/status")
async def status(batch_id: str) -> ResponseReturnValue:
    try:
        found = await database().run(lambda connection: read_batch(connection, batch_id))
    except sqlite3.Error:
        return plain_error("Failed to get batch status", 500)
    if found is None:
        return plain_error("Batch not found", 404)
    context = {key: found[key] for key in ("course_code", "expected_essay_count", "user_id")}
    state = found["pipeline_state"]
    return jsonify({"batch_id": batch_id, "batch_context": context, "pipeline_state": state})


def read_batch(connection: sqlite3.Connection, batch_id: str) -> Row | None:
    """The batch's row with its `pipeline_state`."""
    rows = fetch_all(connection, "SELECT * FROM bos_batches WHERE batch_id = ?", batch_id)
    if not rows:
        return None
    query = "SELECT * FROM phases WHERE batch_id = ?"
    phases = {row["name"]: _phase(row) for row in fetch_all(connection, query, batch_id)}
    state = {
        "batch_id": batch_id,
        "requested_pipelines": json.loads(rows[0]["requested_pipelines"]),
        "last_updated": _aware(rows[0]["last_updated"]),
        **{name: phases.get(name) for name in PHASES},
    }
    return {**rows[0], "pipeline_state": state}


def _phase(row: Row) -> Row:
    return {
        "status": row["status"],
        "essay_counts": _NO_COUNTS,
        "started_at": _aware(row["started_at"]),
        "completed_at": _aware(row["completed_at"]),
        "error_info": None,
        "progress_percentage": None,
    }


def _aware(time: str | None) -> str | None:
    """A stored time, which is naive UTC, as BOS sends it."""
    return f"{time}Z" if time else None
