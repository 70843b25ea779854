"""A start as the orchestrator handles it, and the phases that follow."""

import hashlib
import sqlite3
from collections.abc import Sequence
from uuid import uuid4

from devstack.effects.messages import (
    PHASE_RESULT,
    PIPELINE_END,
    PROGRESS,
    RESULTS,
    Data,
    Message,
    message,
    phase_concluded,
)
from devstack.effects.outcomes import (
    announce_check,
    announce_end,
    announce_outcome,
    book,
    refusal,
)
from devstack.effects.queue import Effect, schedule
from devstack.effects.world import (
    READY,
    Row,
    batch_of,
    essays_of,
    now_text,
    phases_of,
    set_phase,
    set_requested,
    store_text,
    text_of,
    update_batch,
    update_essay,
)
from devstack.events import add, moment_of, pipelines
from devstack.events.pipelines import job_of

COMMAND_AFTER, SPELLCHECK_SECONDS, ENDED_AFTER = 0.8, 8.0, 0.8
PHASE_SECONDS = {"cj_assessment": 6.0, "nlp": 4.0}
RUN_BY = ("spellcheck", *PHASE_SECONDS)
"""Phases that some service carries out."""
RUNS, DONE = "dispatch_initiated", "completed_successfully"


def command(
    connection: sqlite3.Connection,
    batch_id: str,
    pipeline: str,
    resolved: list[str],
    *,
    user_id: str,
    correlation_id: str,
) -> None:
    """The gateway sends a start on its way, whatever becomes of it."""
    add(connection, pipelines.command(batch_id, pipeline, user_id, moment_of(correlation_id)))
    payload = {"pipeline": pipeline, "resolved": resolved, "correlation": correlation_id}
    schedule(connection, Effect("started", batch_id, payload), COMMAND_AFTER)


def start(connection: sqlite3.Connection, effect: Effect) -> list[Message]:
    """The orchestrator takes the command, or drops it; a person learns of neither refusal."""
    batch = batch_of(connection, effect.batch_id)
    resolved: list[str] = effect.payload["resolved"]
    if batch is None or batch["status"] != READY:
        return []
    states = phases_of(connection, effect.batch_id)
    running = [name for name, status in states.items() if status == RUNS]
    if any(name != resolved[-1] for name in running):
        return []
    if refused := refusal(connection, batch, effect.payload["pipeline"], resolved):
        add(connection, pipelines.denied(batch, refused, moment_of(_correlation(effect))))
        return []
    set_requested(connection, effect.batch_id, resolved)
    if not running:
        for name in resolved[1:]:
            set_phase(connection, effect.batch_id, name, "pending_dependencies")
        # The first phase never gets a start, and has an end from its dispatch on.
        first_status = states.get(resolved[0])
        if first_status != "failed":
            now = now_text()
            set_phase(connection, effect.batch_id, resolved[0], RUNS, completed_at=now)
        _schedule_phase(connection, effect, resolved, resolved[0])
    payload: Data = {
        "requested_pipeline": effect.payload["pipeline"],
        "resolved_pipeline": resolved,
        "first_phase": resolved[0],
        "total_phases": len(resolved),
        "message": f"Processing started: Initiating {resolved[0]} phase",
    }
    return [message(PROGRESS, batch, "batch_processing_started", payload)]


def run_again(connection: sqlite3.Connection, batch_id: str, phase: str) -> None:
    """Dispatch a phase again, and after it those that still wait; others have no service."""
    states = phases_of(connection, batch_id)
    later = [name for name in RUN_BY if states.get(name) == "pending_dependencies"]
    if phase in RUN_BY:
        resolved = [phase, *(name for name in later if name != phase)]
        cause = Effect("retried", batch_id, {"correlation": str(uuid4())})
        _schedule_phase(connection, cause, resolved, phase)


def _correlation(effect: Effect) -> str:
    """Of the request that began it; an effect of older data has none."""
    return str(effect.payload.get("correlation") or uuid4())


def _schedule_phase(
    connection: sqlite3.Connection, cause: Effect, resolved: Sequence[str], name: str
) -> None:
    batch_id, request = cause.batch_id, {"correlation": _correlation(cause)}
    payload = {"phase": name, "resolved": list(resolved), **request}
    if name != "spellcheck":
        schedule(connection, Effect("phase_ended", batch_id, payload), PHASE_SECONDS[name])
        return
    essays = [one["essay_id"] for one in essays_of(connection, batch_id)]
    for number, essay_id in enumerate(essays, start=1):
        seconds = SPELLCHECK_SECONDS * number / (len(essays) + 1)
        schedule(
            connection, Effect("essay_checked", batch_id, {"essay": essay_id, **request}), seconds
        )
    schedule(connection, Effect("phase_ended", batch_id, payload), SPELLCHECK_SECONDS)


def check_essay(connection: sqlite3.Connection, effect: Effect) -> list[Message]:
    """The first result of an essay gives it its row in RAS."""
    essay_id, batch = effect.payload["essay"], batch_of(connection, effect.batch_id)
    for essay in essays_of(connection, effect.batch_id):
        if essay["essay_id"] == essay_id:
            corrected = store_text(
                connection, text_of(connection, essay["original_text_storage_id"])
            )
            update_essay(
                connection,
                essay_id,
                in_ras=1,
                spellcheck_status="completed",
                spellcheck_correction_count=_digest(essay_id) % 40,
                spellcheck_corrected_text_storage_id=corrected,
            )
            if batch is not None:
                announce_check(connection, batch, essay_id, moment_of(_correlation(effect)))
    return []


def end_phase(connection: sqlite3.Connection, effect: Effect) -> list[Message]:
    """A phase's outcome: the orchestrator, RAS and the teacher learn of it, the next one begins."""
    batch_id, phase = effect.batch_id, effect.payload["phase"]
    batch = batch_of(connection, batch_id)
    if batch is None:
        return []
    now, when = now_text(), moment_of(_correlation(effect))
    if phases_of(connection, batch_id).get(phase) == RUNS:
        set_phase(connection, batch_id, phase, DONE, completed_at=now)
    essays = essays_of(connection, batch_id)
    if phase == "cj_assessment":
        _rank(connection, essays)
        book(connection, batch, len(essays), when)
    update_batch(
        connection,
        batch_id,
        status=DONE,
        completed_essay_count=len(essays),
        processing_started_at=now,
    )
    announce_outcome(connection, batch, phase, when)
    messages = _outcome(batch, phase, len(essays))
    resolved: list[str] = effect.payload["resolved"]
    following = resolved[resolved.index(phase) + 1 :]
    if following:
        set_phase(connection, batch_id, following[0], RUNS, started_at=now)
        _schedule_phase(connection, effect, resolved, following[0])
        return messages
    if phases_of(connection, batch_id).get(phase) != DONE:
        # Of a phase that was started again the orchestrator records no end.
        return messages
    announce_end(connection, batch, resolved, when)
    schedule(connection, Effect("completed", batch_id), ENDED_AFTER)
    return [*messages, *_end(batch, resolved, len(essays))]


def complete(connection: sqlite3.Connection, effect: Effect) -> list[Message]:
    """RAS stores the end of the pipeline, after the teacher was told."""
    update_batch(connection, effect.batch_id, status=DONE, processing_completed_at=now_text())
    return []


def _rank(connection: sqlite3.Connection, essays: Sequence[Row]) -> None:
    scores = {one["essay_id"]: _digest(one["essay_id"]) % 2000 / 1000 - 1 for one in essays}
    ranked = sorted(scores, key=lambda essay_id: -scores[essay_id])
    for rank, essay_id in enumerate(ranked, start=1):
        update_essay(
            connection,
            essay_id,
            in_ras=1,
            cj_assessment_status="completed",
            cj_rank=rank,
            cj_score=scores[essay_id],
        )


def _outcome(batch: Row, phase: str, total: int) -> list[Message]:
    payload: Data = {
        "phase_name": phase,
        "phase_status": DONE,
        "success_count": total,
        "failed_count": 0,
        "total_count": total,
        "message": f"Phase {phase} completed for batch: {total} of {total} essays",
    }
    kind = PROGRESS if phase == "spellcheck" else PHASE_RESULT
    messages = [
        message(kind, batch, f"batch_{phase}_completed", payload),
        phase_concluded(batch, phase, DONE),
    ]
    if phase == "cj_assessment":
        ranks: Data = {
            "assessment_job_id": job_of(batch["batch_id"]),
            "rankings_available": total > 0,
            "rankings_count": total,
            "message": f"Comparative judgment assessment completed for batch {batch['batch_id']}",
        }
        messages.append(message(RESULTS, batch, "batch_assessment_completed", ranks))
    return messages


def _end(batch: Row, resolved: Sequence[str], total: int) -> list[Message]:
    payload: Data = {
        "final_status": DONE,
        "completed_phases": list(resolved),
        "successful_essays": total,
        "failed_essays": 0,
        "duration_seconds": 14.0,
        "message": f"Pipeline completed: {DONE}",
    }
    return [message(PIPELINE_END, batch, "pipeline_completed", payload)]


def _digest(essay_id: str) -> int:
    """A number that is the same for the essay in every run."""
    return int.from_bytes(hashlib.sha256(essay_id.encode()).digest()[:4], "big")
