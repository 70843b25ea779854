"""Events and bookings of a pipeline's steps, and the refusal of a start for lack of credits."""

import sqlite3

from devstack.effects.world import Row, essays_of, one, texts_of
from devstack.emulators.entitlements.policy import denial_reason
from devstack.events import Moment, add
from devstack.events.accounts import balance_changed
from devstack.events.grades import graded
from devstack.events.pipelines import (
    assessment_completed,
    assessment_published,
    job_of,
    phase_outcome,
    pipeline_completed,
    results_ready,
    spellchecked,
)

_BALANCE = "SELECT balance FROM credit_balances WHERE subject_type = 'user' AND subject_id = ?"


def refusal(
    connection: sqlite3.Connection, batch: Row, pipeline: str, resolved: list[str]
) -> Row | None:
    """The orchestrator asks for credits once more: they may be spent since the preflight."""
    essays = batch["expected_essay_count"]
    calls = {
        "cj_comparison": essays * (essays - 1) // 2 if "cj_assessment" in resolved else 0,
        "ai_feedback_generation": essays if "ai_feedback" in resolved else 0,
    }
    found = one(connection, _BALANCE, batch["user_id"])
    balance = found["balance"] if found else 0
    reason = denial_reason(calls, balance)
    if reason is None:
        return None
    return {
        "requested_pipeline": pipeline,
        "denial_reason": reason,
        "required_credits": sum(calls.values()),
        "available_credits": balance,
        "resource_breakdown": calls,
    }


def announce_check(connection: sqlite3.Connection, batch: Row, essay_id: str, when: Moment) -> None:
    """The spellcheck's result of one essay."""
    essay = one(connection, "SELECT * FROM essays WHERE essay_id = ?", essay_id)
    if essay is not None:
        texts = (
            essay["original_text_storage_id"],
            essay["spellcheck_corrected_text_storage_id"],
        )
        corrections = essay["spellcheck_correction_count"]
        add(connection, spellchecked(batch, essay_id, texts, corrections, when))


def announce_outcome(connection: sqlite3.Connection, batch: Row, phase: str, when: Moment) -> None:
    """All essays have passed; of the assessment CJ tells first, and RAS once it has the ranks."""
    batch_id = batch["batch_id"]
    essays = essays_of(connection, batch_id)
    outcome = phase_outcome(batch, phase, texts_of(essays, corrected=True), [], when)
    if phase != "cj_assessment":
        add(connection, outcome)
        return
    ranked = graded((one["essay_id"], one["cj_score"], one["cj_rank"]) for one in essays)
    add(
        connection,
        assessment_published(batch, job_of(batch_id), ranked, when),
        outcome,
        assessment_completed(batch, job_of(batch_id), ranked, when),
        results_ready(batch, ["spellcheck", phase], len(essays), when),
    )


def announce_end(
    connection: sqlite3.Connection, batch: Row, phases: list[str], when: Moment
) -> None:
    add(connection, pipeline_completed(batch, phases, failed=False, when=when))


def book(connection: sqlite3.Connection, batch: Row, essays: int, when: Moment) -> None:
    """Credits are consumed after the comparison, not at the start."""
    found = one(connection, _BALANCE, batch["user_id"])
    if found is None:
        return
    balance = max(0, found["balance"] - essays * (essays - 1) // 2)
    change = "UPDATE credit_balances SET balance = ? WHERE subject_type = 'user' AND subject_id = ?"
    connection.execute(change, (balance, batch["user_id"]))
    delta = balance - found["balance"]
    if delta:
        add(connection, balance_changed("user", batch["user_id"], delta, balance, when))
