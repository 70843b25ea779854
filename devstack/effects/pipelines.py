"""A start as the orchestrator handles it, and the phases that follow."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from uuid import uuid4

from devstack.effects import world
from devstack.effects.credits import balance_of, calls_of, denial_reason
from devstack.effects.queue import Effect, schedule
from devstack.emulators.database import Row
from devstack.events import Moment, add, moment_of, pipelines
from devstack.events.accounts import balance_changed
from devstack.events.pipelines import graded, job_of
from devstack.notifications import SUCCESS, Notification

COMMAND_AFTER, SPELLCHECK_SECONDS, ENDED_AFTER = 0.8, 8.0, 0.8
PHASE_SECONDS = {"cj_assessment": 6.0, "nlp": 4.0}
RUN_BY = ("spellcheck", *PHASE_SECONDS)
"""Phases that some service carries out."""
RUNS = "dispatch_initiated"
_TOTAL_SECONDS = 14.0
_RANKED_PHASES = ("spellcheck", "cj_assessment")
"""Those of which RAS wants a result of every essay before it calls results ready."""


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


def start(connection: sqlite3.Connection, effect: Effect) -> list[Notification]:
    """The orchestrator takes the command, or drops it; a person learns of neither refusal."""
    batch = world.batch_of(connection, effect.batch_id)
    resolved: list[str] = effect.payload["resolved"]
    if batch is None or batch["status"] != world.READY:
        return []
    states = world.phases_of(connection, effect.batch_id)
    running = [name for name, status in states.items() if status == RUNS]
    if any(name != resolved[-1] for name in running):
        return []
    pipeline = effect.payload["pipeline"]
    if refused := _refusal(connection, batch, pipeline, resolved):
        add(connection, pipelines.denied(batch, refused, moment_of(_correlation(effect))))
        return []
    world.update_orchestrated(connection, effect.batch_id, requested_pipelines=json.dumps(resolved))
    if not running:
        for name in resolved[1:]:
            world.set_phase(connection, effect.batch_id, name, "pending_dependencies")
        # The first phase never gets a start, and has an end from its dispatch on.
        if states.get(resolved[0]) != "failed":
            now = world.now_text()
            world.set_phase(connection, effect.batch_id, resolved[0], RUNS, completed_at=now)
        _schedule_phase(connection, effect, resolved, resolved[0])
    announce = world.announcer_of(batch, _correlation(effect))
    return [announce.processing_started(pipeline, resolved)]


def _refusal(
    connection: sqlite3.Connection, batch: Row, pipeline: str, resolved: list[str]
) -> Row | None:
    """The orchestrator asks for credits once more: they may be spent since the preflight."""
    calls = calls_of(resolved, batch["expected_essay_count"])
    balance = balance_of(connection, batch["user_id"])
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


def run_again(connection: sqlite3.Connection, batch_id: str, phase: str) -> None:
    """Dispatch a phase again, and after it those that still wait; others have no service."""
    states = world.phases_of(connection, batch_id)
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
    ended = Effect("phase_ended", batch_id, {"phase": name, "resolved": list(resolved), **request})
    if name == "spellcheck":
        essays = [one["essay_id"] for one in world.essays_of(connection, batch_id)]
        for number, essay_id in enumerate(essays, start=1):
            checked = Effect("essay_checked", batch_id, {"essay": essay_id, **request})
            schedule(connection, checked, SPELLCHECK_SECONDS * number / (len(essays) + 1))
    schedule(connection, ended, PHASE_SECONDS.get(name, SPELLCHECK_SECONDS))


def check_essay(connection: sqlite3.Connection, effect: Effect) -> None:
    """The first result of an essay gives it its row in RAS."""
    essay_id, batch = effect.payload["essay"], world.batch_of(connection, effect.batch_id)
    for essay in world.essays_of(connection, effect.batch_id):
        if essay["essay_id"] == essay_id:
            original, corrections = essay["original_text_storage_id"], _digest(essay_id) % 40
            corrected = world.store_text(connection, world.text_of(connection, original))
            world.update_essay(
                connection,
                essay_id,
                in_ras=1,
                spellcheck_status="completed",
                spellcheck_correction_count=corrections,
                spellcheck_corrected_text_storage_id=corrected,
            )
            if batch is not None:
                texts, when = (original, corrected), moment_of(_correlation(effect))
                add(connection, pipelines.spellchecked(batch, essay_id, texts, corrections, when))


def end_phase(connection: sqlite3.Connection, effect: Effect) -> list[Notification]:
    """A phase's outcome: the orchestrator, RAS and the teacher learn of it, the next one begins."""
    batch_id, phase = effect.batch_id, effect.payload["phase"]
    batch = world.batch_of(connection, batch_id)
    if batch is None:
        return []
    now, when = world.now_text(), moment_of(_correlation(effect))
    if world.phases_of(connection, batch_id).get(phase) == RUNS:
        world.set_phase(connection, batch_id, phase, SUCCESS, completed_at=now)
    total = len(world.essays_of(connection, batch_id))
    if phase == "cj_assessment":
        _rank(connection, batch_id)
        _book(connection, batch, total, when)
    counts: Row = {"completed_essay_count": total, "processing_started_at": now}
    world.update_batch(connection, batch_id, status=SUCCESS, **counts)
    _add_outcome(connection, batch, phase, when)
    announce = world.announcer_of(batch, when.correlation_id)
    messages = [announce.phase_completed(phase, SUCCESS, total)]
    if phase == "cj_assessment":
        messages.append(announce.assessment_completed(job_of(batch_id), total))
    messages.append(announce.phase_concluded(phase, SUCCESS))
    if phase == "cj_assessment":
        messages.append(announce.results_ready(_RANKED_PHASES, total, _TOTAL_SECONDS))
    resolved: list[str] = effect.payload["resolved"]
    following = resolved[resolved.index(phase) + 1 :]
    if following:
        world.set_phase(connection, batch_id, following[0], RUNS, started_at=now)
        _schedule_phase(connection, effect, resolved, following[0])
    # Of a phase that was started again the orchestrator records no end.
    elif world.phases_of(connection, batch_id).get(phase) == SUCCESS:
        messages.append(_end(connection, effect, batch, when))
    return messages


def _end(connection: sqlite3.Connection, effect: Effect, batch: Row, when: Moment) -> Notification:
    """The orchestrator's end: a phase that failed before its pipeline was started again stays so."""
    resolved: list[str] = effect.payload["resolved"]
    states = world.phases_of(connection, effect.batch_id)
    failed = any(states.get(name) == "failed" for name in resolved)
    add(connection, pipelines.pipeline_completed(batch, resolved, failed=failed, when=when))
    schedule(connection, Effect("completed", effect.batch_id, {"failed": failed}), ENDED_AFTER)
    announce = world.announcer_of(batch, when.correlation_id)
    total: int = batch["expected_essay_count"]
    return announce.pipeline_completed(resolved, total, _TOTAL_SECONDS, failed=failed)


def complete(connection: sqlite3.Connection, effect: Effect) -> None:
    """RAS stores the end of the pipeline and its counts, after the teacher was told."""
    batch = world.batch_of(connection, effect.batch_id)
    if batch is None:
        return
    failed = bool(effect.payload.get("failed"))
    world.update_batch(
        connection,
        effect.batch_id,
        status="completed_with_failures" if failed else SUCCESS,
        completed_essay_count=batch["expected_essay_count"] - failed,
        failed_essay_count=int(failed),
        processing_completed_at=world.now_text(),
    )


def _rank(connection: sqlite3.Connection, batch_id: str) -> None:
    ids = [one["essay_id"] for one in world.essays_of(connection, batch_id)]
    scores = {essay_id: _digest(essay_id) % 2000 / 1000 - 1 for essay_id in ids}
    ranked = sorted(scores, key=lambda essay_id: -scores[essay_id])
    for rank, essay_id in enumerate(ranked, start=1):
        result: Row = {"cj_assessment_status": "completed", "cj_score": scores[essay_id]}
        world.update_essay(connection, essay_id, in_ras=1, cj_rank=rank, **result)


def _book(connection: sqlite3.Connection, batch: Row, essays: int, when: Moment) -> None:
    """Credits are consumed after the comparison, not at the start."""
    user_id = batch["user_id"]
    before = balance_of(connection, user_id)
    balance = max(0, before - essays * (essays - 1) // 2)
    if balance != before:
        change = (
            "UPDATE credit_balances SET balance = ? WHERE subject_type = 'user' AND subject_id = ?"
        )
        connection.execute(change, (balance, user_id))
        add(connection, balance_changed("user", user_id, balance - before, balance, when))


def _add_outcome(connection: sqlite3.Connection, batch: Row, phase: str, when: Moment) -> None:
    """All essays have passed; of the assessment CJ tells first, and RAS once it has the ranks."""
    batch_id = batch["batch_id"]
    essays = world.essays_of(connection, batch_id)
    outcome = pipelines.phase_outcome(
        batch, phase, world.texts_of(essays, corrected=True), [], when
    )
    if phase != "cj_assessment":
        add(connection, outcome)
        return
    job = job_of(batch_id)
    ranked = graded((one["essay_id"], one["cj_score"], one["cj_rank"]) for one in essays)
    add(
        connection,
        pipelines.assessment_published(batch, job, ranked, when),
        outcome,
        pipelines.assessment_completed(batch, job, ranked, when),
        pipelines.results_ready(batch, _RANKED_PHASES, len(essays), when),
    )


def _digest(essay_id: str) -> int:
    """A number that is the same for the essay in every run."""
    return int.from_bytes(hashlib.sha256(essay_id.encode()).digest()[:4], "big")
