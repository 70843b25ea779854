"""BOS's preflight: the resolved pipeline, and its credits against the owner's balance."""

import sqlite3

from quart import Blueprint, jsonify
from quart.typing import ResponseReturnValue

from devstack.emulators.bos.states import PHASES, read_batch
from devstack.emulators.control import switches
from devstack.emulators.database import Row, database, fetch_all
from devstack.emulators.entitlements.policy import denial_reason
from devstack.emulators.responses import request_correlation_id

PHASE_NAMES = (*PHASES, "student_matching")
_RESOLVED = {
    "cj_assessment": ("spellcheck", "cj_assessment"),
    "nlp": ("spellcheck", "nlp"),
    "ai_feedback": ("spellcheck", "nlp", "ai_feedback"),
}
_STATUSES = {None: 200, "insufficient_credits": 402, "rate_limit_exceeded": 429}
_NO_PROMPT = "Prompt-dependent pipeline requested without prompt attachment."

routes = Blueprint("preflight", __name__)


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
    found = _with_balance(connection, batch_id)
    if found is None:
        return {"error": "Batch not found", "batch_id": batch_id}, 404
    if phase not in PHASE_NAMES:
        return {"error": f"Invalid pipeline phase: {phase}"}, 400
    resolved = _resolve(found, phase)
    if isinstance(resolved, str):
        return _failed(resolved)
    breakdown = _calls(resolved, found["expected_essay_count"])
    is_free = not any(breakdown.values())
    if not is_free and not has_entitlements:
        return _failed("Entitlements did not answer")
    # Calls, not credits: Entitlements weighs each kind by its price before it decides.
    reason = denial_reason(breakdown, found["balance"])
    denial = {"denial_reason": reason} if reason else {}
    body = {
        "allowed": reason is None,
        "batch_id": batch_id,
        "requested_pipeline": phase,
        "resolved_pipeline": resolved,
        "required_credits": sum(breakdown.values()),
        "available_credits": 0 if is_free else found["balance"],
        "resource_breakdown": {} if is_free else breakdown,
        "correlation_id": request_correlation_id(),
    }
    return body | denial, _STATUSES[reason]


def _with_balance(connection: sqlite3.Connection, batch_id: str) -> Row | None:
    """The batch with its owner's `balance`; the demo has no organisation with credits."""
    found = read_batch(connection, batch_id)
    if found is None:
        return None
    query = "SELECT balance FROM credit_balances WHERE subject_type = 'user' AND subject_id = ?"
    rows = fetch_all(connection, query, found["user_id"])
    return {**found, "balance": rows[0]["balance"] if rows else 0}


def _resolve(batch: Row, phase: str) -> list[str] | str:
    """The phases that are still to be done, or why the conductor refuses."""
    if phase not in _RESOLVED:
        return f"Unknown pipeline: {phase}"
    if not batch["has_prompt"]:
        return _NO_PROMPT
    state = batch["pipeline_state"]
    done = {
        name for name in PHASES if state[name] and state[name]["status"] == "completed_successfully"
    }
    left = [name for name in _RESOLVED[phase] if name not in done]
    return left or "Every phase of the pipeline is completed already"


def _calls(phases: list[str], essays: int) -> dict[str, int]:
    comparisons = essays * (essays - 1) // 2 if "cj_assessment" in phases else 0
    feedback = essays if "ai_feedback" in phases else 0
    return {"cj_comparison": comparisons, "ai_feedback_generation": feedback}


def _failed(details: str) -> tuple[Row, int]:
    return {"error": "Preflight evaluation failed", "details": details}, 500
