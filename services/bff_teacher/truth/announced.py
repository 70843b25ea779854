"""States of a batch that only the platform's events tell; pure functions.

An event may be lost or late, so the absence of one proves nothing: it allows no more than a remark.
"""

from datetime import datetime

from bff_core.clock import as_utc
from services.bff_teacher.contracts.bos import PhaseStates
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1
from services.bff_teacher.events.model import BatchEvents, Denial, Outcome
from services.bff_teacher.truth.facts import Phase, StatusFact, WaitsFor

FAILED = "failed_critically"


def is_ready(events: BatchEvents) -> bool:
    """True if matches were confirmed, by whomever, or none are needed for a complete batch."""
    if events.confirmed_at or events.auto_confirmed_at or events.ready_at:
        return True
    return events.complete_at is not None and events.has_class is False


def waits_for(events: BatchEvents) -> WaitsFor | None:
    """The thing that a batch which is not ready waits for, as far as events tell."""
    if is_ready(events):
        return None
    if events.matches is not None:
        return "matching" if events.matches.matched else "no_matches"
    if events.complete_at is not None:
        return "matching" if events.has_class else None
    is_short = events.expected is not None and events.placed < events.expected
    return "files" if is_short else None


def failure_of_assessment(events: BatchEvents, running: Phase) -> datetime | None:
    """The time at which the running comparison has failed for good; None unless it has.

    The orchestrator does not hear of it, and calls the phase running for ever.
    """
    failed_at = events.assessment_failed_at
    if running.name != "cj_assessment" or failed_at is None:
        return None
    is_of_this_run = running.started_at is None or failed_at >= running.started_at
    return failed_at if is_of_this_run else None


def last_failure(events: BatchEvents) -> datetime | None:
    """The time of a failure after which nothing was heard; None unless there is one."""
    failed_at = events.assessment_failed_at
    latest = max(events.outcomes.values(), key=lambda one: one.at, default=None)
    if latest is not None and (failed_at is None or latest.at > failed_at):
        failed_at = latest.at if latest.status == FAILED else None
    if failed_at and events.requested_at and events.requested_at > failed_at:
        return None
    return failed_at


def outcome_of_retry(events: BatchEvents, bos: PhaseStates, phase: Phase) -> Outcome | None:
    """The outcome of a phase that was started again, of which the orchestrator records nothing.

    It leaves the end of the former run standing; without that, no outcome can be told from it.
    """
    state, outcome = getattr(bos, phase.name), events.outcomes.get(phase.name)
    if outcome is None or state is None or state.completed_at is None:
        return None
    return outcome if outcome.at > as_utc(state.completed_at) else None


def standing_denial(events: BatchEvents, fact: StatusFact) -> Denial | None:
    """The denial of the latest start; None once another was requested, runs, or has ended."""
    denial = events.denial
    if denial is None or fact.status is BatchStatusV1.PROCESSING:
        return None
    later = [at for at in (events.requested_at, fact.completed_at) if at and at > denial.at]
    return None if later else denial
