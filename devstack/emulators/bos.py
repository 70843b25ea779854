"""The orchestrator: pipeline states, preflight and retry as BOS answers, without any access check.

A batch's id is compared as it is, and any caller reads any batch.
"""

import json
import sqlite3

from quart import Blueprint, Quart, jsonify, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from devstack.effects.credits import balance_of, calls_of, denial_reason
from devstack.effects.pipelines import run_again
from devstack.effects.world import PHASES, now_text
from devstack.emulators.control import switches
from devstack.emulators.database import Row, database, fetch_all, fetch_one
from devstack.emulators.responses import PlainError, answer_500_for, request_correlation_id
from devstack.emulators.server import EmulatorSettings, add_health, new_app, run, with_controls

PHASE_NAMES = (*PHASES, "student_matching")
# BOS has fields for counts, progress and errors, and fills none of them.
_NO_COUNTS = {"total": 0, "successful": 0, "failed": 0, "pending_dispatch_or_processing": 0}
_RESOLVED = {
    "cj_assessment": ("spellcheck", "cj_assessment"),
    "nlp": ("spellcheck", "nlp"),
    "ai_feedback": ("spellcheck", "nlp", "ai_feedback"),
}
_STATUSES = {None: 200, "insufficient_credits": 402, "rate_limit_exceeded": 429}

routes = Blueprint("bos", __name__)
retries = Blueprint("retries", __name__)
# BOS reads the body of a retry without a check: every error in it is a 500.
answer_500_for(retries, sqlite3.Error, BadRequest, UnsupportedMediaType, AttributeError)


def create_app(settings: EmulatorSettings) -> Quart:
    # Of the other services only Entitlements is called, by the preflight.
    app = new_app("bos", settings.database, {"entitlements": ("up", "down")})
    app.register_blueprint(routes)
    app.register_blueprint(retries)
    add_health(app, "batch-service", "Batch Orchestrator Service")
    return with_controls(app)


@routes.get("/internal/v1/batches/<batch_id>/pipeline-state")
async def pipeline_state(batch_id: str) -> ResponseReturnValue:
    failure, missing = "Failed to get internal pipeline state", "Pipeline state not found for batch"
    found = await _read(batch_id, failure, missing)
    state = found["pipeline_state"]
    return jsonify({"batch_id": batch_id, "pipeline_state": state, "user_id": found["user_id"]})


@routes.get("/v1/batches/<batch_id>/status")
async def status(batch_id: str) -> ResponseReturnValue:
    found = await _read(batch_id, "Failed to get batch status", "Batch not found")
    context = {key: found[key] for key in ("course_code", "expected_essay_count", "user_id")}
    state = found["pipeline_state"]
    return jsonify({"batch_id": batch_id, "batch_context": context, "pipeline_state": state})


async def _read(batch_id: str, failure: str, missing: str) -> Row:
    try:
        found = await database().run(lambda connection: read_batch(connection, batch_id))
    except sqlite3.Error as error:
        raise PlainError(failure, 500) from error
    if found is None:
        raise PlainError(missing, 404)
    return found


def read_batch(connection: sqlite3.Connection, batch_id: str) -> Row | None:
    """The batch's row with its `pipeline_state`."""
    found = fetch_one(connection, "SELECT * FROM bos_batches WHERE batch_id = ?", batch_id)
    if found is None:
        return None
    rows = fetch_all(connection, "SELECT * FROM phases WHERE batch_id = ?", batch_id)
    phases = {
        row["name"]: {
            "status": row["status"],
            "essay_counts": _NO_COUNTS,
            "started_at": _aware(row["started_at"]),
            "completed_at": _aware(row["completed_at"]),
            "error_info": None,
            "progress_percentage": None,
        }
        for row in rows
    }
    state = {
        "batch_id": batch_id,
        "requested_pipelines": json.loads(found["requested_pipelines"]),
        "last_updated": _aware(found["last_updated"]),
        **{name: phases.get(name) for name in PHASES},
    }
    return {**found, "pipeline_state": state}


def _aware(time: str | None) -> str | None:
    """A stored time, which is naive UTC, as BOS sends it."""
    return f"{time}Z" if time else None


@routes.post("/internal/v1/batches/<batch_id>/pipelines/<phase>/preflight")
async def preflight(batch_id: str, phase: str) -> ResponseReturnValue:
    """Reserves nothing; checks neither the owner, nor the batch's status, nor a running pipeline."""
    has_entitlements = switches()["entitlements"] == "up"
    try:
        body, status = await database().run(
            lambda connection: judge(connection, batch_id, phase, has_entitlements=has_entitlements)
        )
    except sqlite3.Error as error:
        body, status = _failed(str(error))
    return jsonify(body), status


def judge(
    connection: sqlite3.Connection, batch_id: str, phase: str, *, has_entitlements: bool
) -> tuple[Row, int]:
    """The body and the status of a preflight."""
    found = read_batch(connection, batch_id)
    if found is None:
        return {"error": "Batch not found", "batch_id": batch_id}, 404
    if phase not in PHASE_NAMES:
        return {"error": f"Invalid pipeline phase: {phase}"}, 400
    resolved = _resolve(found, phase)
    if isinstance(resolved, str):
        return _failed(resolved)
    calls = calls_of(resolved, found["expected_essay_count"])
    is_free = not any(calls.values())
    if not is_free and not has_entitlements:
        return _failed("Entitlements did not answer")
    # Calls, not credits: Entitlements weighs each kind by its price before it decides.
    balance = balance_of(connection, found["user_id"])
    reason = denial_reason(calls, balance)
    body = {
        "allowed": reason is None,
        "batch_id": batch_id,
        "requested_pipeline": phase,
        "resolved_pipeline": resolved,
        "required_credits": sum(calls.values()),
        "available_credits": 0 if is_free else balance,
        "resource_breakdown": {} if is_free else calls,
        "correlation_id": request_correlation_id(),
    }
    return body | ({"denial_reason": reason} if reason else {}), _STATUSES[reason]


def _resolve(batch: Row, phase: str) -> list[str] | str:
    """The phases that are still to be done, or why the conductor refuses."""
    if phase not in _RESOLVED:
        return f"Unknown pipeline: {phase}"
    if not batch["has_prompt"]:
        return "Prompt-dependent pipeline requested without prompt attachment."
    states = {name: (batch["pipeline_state"][name] or {}).get("status") for name in PHASES}
    left = [name for name in _RESOLVED[phase] if states[name] != "completed_successfully"]
    return left or "Every phase of the pipeline is completed already"


def _failed(details: str) -> tuple[Row, int]:
    return {"error": "Preflight evaluation failed", "details": details}, 500


@retries.post("/v1/batches/<batch_id>/retry-phase")
async def retry_phase(batch_id: str) -> ResponseReturnValue:
    """BOS checks neither owner, nor credits, nor a running pipeline."""
    body = await request.get_json()
    phase, user_id = body.get("phase_name"), body.get("user_id")
    if not phase or not user_id:
        raise PlainError("phase_name and user_id are required")
    query = "SELECT 1 FROM bos_batches WHERE batch_id = ?"
    if await database().fetch_one(query, batch_id) is None:
        raise PlainError("Batch not found", 404)
    if phase.lower() not in PHASE_NAMES:
        raise PlainError(f"Invalid phase name: {phase}")
    phase = phase.lower()
    if phase == "cj_assessment" and body.get("essay_ids"):
        raise PlainError("CJ Assessment requires full batch retry for ranking consistency")
    if not await database().run(lambda connection: _reset(connection, batch_id, phase)):
        # The phase is reset all the same.
        raise PlainError("No essays found for batch", 404)
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
    change = "UPDATE bos_batches SET last_updated = ? WHERE batch_id = ?"
    connection.execute(change, (now_text(), batch_id))
    query = "SELECT 1 FROM essays WHERE batch_id = ? LIMIT 1"
    has_essays = fetch_one(connection, query, batch_id) is not None
    if has_essays:
        run_again(connection, batch_id, phase)
    return has_essays


if __name__ == "__main__":
    app = create_app(EmulatorSettings.from_env())
    run(app, "BATCH_ORCHESTRATOR_SERVICE_HOST", "BATCH_ORCHESTRATOR_SERVICE_PORT", 5000)
