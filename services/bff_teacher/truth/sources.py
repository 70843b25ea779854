"""Each source's word on a batch: phases of BOS, essays of RAS, matches of CMS, and events."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from bff_core.clock import as_utc
from services.bff_teacher.contracts.bos import PHASES, PhaseStates, PhaseWord
from services.bff_teacher.contracts.cms import AssociationPage, StudentOfEssay, ValidationStatus
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1
from services.bff_teacher.events.model import BatchEvents, Denial, Outcome
from services.bff_teacher.ownership import is_real_student
from services.bff_teacher.truth.facts import (
    Attention,
    Matching,
    Phase,
    PhaseStatus,
    StatusFact,
    WaitsFor,
)

STATUS_OF_WORD: Mapping[PhaseWord, PhaseStatus] = {
    "pending_dependencies": "waiting",
    "dispatch_initiated": "running",
    "in_progress": "running",
    "completed_successfully": "completed",
    "completed_with_partial_success": "completed",
    "failed": "failed",
    # BOS records nothing more of a phase that was retried, not even its end.
    "requested_by_user": "retried",
    "skipped_due_to_dependency_failure": "skipped",
    "skipped_by_user_config": "skipped",
    "cancelled": "cancelled",
}
TIMER_AFTER = timedelta(hours=24)
"""Age from which CMS's timer confirms a match."""
TIMER_PERIOD = timedelta(hours=1)
"""Time between two looks of the timer."""
FAILED = "failed_critically"
"""The event word for a phase that has failed."""


def phases_of(states: PhaseStates) -> tuple[Phase, ...]:
    """The phases in the order in which they run, without those that no start asked for."""
    found = []
    for name in PHASES:
        state = getattr(states, name)
        if state is None or state.status == "skipped_by_user_config":
            continue
        status = STATUS_OF_WORD[state.status]
        started_at = as_utc(state.started_at) if state.started_at else None
        has_ended = state.completed_at and status in {"completed", "failed"}
        completed_at = as_utc(state.completed_at) if has_ended else None
        found.append(Phase(name, status, started_at, completed_at))
    return tuple(found)


def has_begun(phases: tuple[Phase, ...] | None) -> bool:
    """True if a phase is known to have begun."""
    return any(one.status not in {"waiting", "skipped"} for one in phases or ())


def running_phase(phases: tuple[Phase, ...]) -> Phase | None:
    """The last phase that runs, if any."""
    return next((one for one in reversed(phases) if one.status == "running"), None)


def last_started(phases: tuple[Phase, ...], requested: tuple[str, ...]) -> Phase | None:
    """The last of the requested phases that has begun, if any."""
    begun = (one for one in reversed(phases) if one.status in {"completed", "failed", "retried"})
    return next((one for one in begun if one.name in requested), None)


def has_more(phases: tuple[Phase, ...], requested: tuple[str, ...]) -> bool:
    """True if a requested phase still waits for its turn."""
    return any(one.status == "waiting" and one.name in requested for one in phases)


class EssayCounts(msgspec.Struct, frozen=True):
    """Essays of a batch that have ended well, that failed, and whose spellcheck is over."""

    completed: int
    failed: int
    spellchecked: int
    is_spellchecked: bool
    is_compared: bool

    def has_results_of(self, phase: str) -> bool:
        """True if RAS has the results of the whole phase, at least one of them good.

        RAS keeps no results of `nlp` and `ai_feedback`.
        """
        if phase == "cj_assessment":
            return self.is_compared
        return phase == "spellcheck" and self.is_spellchecked


def count_essays(batch: BatchSummary) -> EssayCounts:
    """Count the results of a batch's essays.

    At the end of a pipeline RAS takes over BOS's estimate, in which single failures do not appear.
    So its counts stand only for essays of which it lists no result.
    """
    completed = failed = spellchecked = well_spellchecked = compared = 0
    for essay in batch.essays:
        spelling, comparison = essay.spellcheck_status, essay.cj_assessment_status
        if "failed" in (spelling, comparison):
            failed += 1
        elif "completed" in (spelling, comparison):
            completed += 1
        spellchecked += spelling in {"completed", "failed"}
        well_spellchecked += spelling == "completed"
        compared += comparison == "completed"
    is_spellchecked = well_spellchecked > 0 and spellchecked >= batch.essay_count
    unlisted = max(0, batch.completed_essay_count + batch.failed_essay_count - completed - failed)
    lost = min(unlisted, max(0, batch.failed_essay_count - failed))
    return EssayCounts(
        completed + unlisted - lost, failed + lost, spellchecked, is_spellchecked, compared > 0
    )


def matching_of_status(status: ValidationStatus | None) -> Matching | None:
    """From CMS's own count; None for a batch without matches."""
    if status is None or status.total_associations == 0:
        return None
    deadline = status.auto_confirm_deadline
    since = as_utc(deadline) - TIMER_AFTER if deadline else None
    return Matching(status.total_associations, status.deviation_count, since)


def oldest_of(page: AssociationPage) -> datetime | None:
    """The time of the oldest match; None where no row has one."""
    times = [as_utc(row.created_at) for row in page.associations if row.created_at]
    return min(times, default=None)


def is_old_enough(oldest: datetime | None, now: datetime) -> bool:
    """True if CMS's timer may have confirmed the rows."""
    return oldest is not None and now >= oldest + TIMER_AFTER


def matching_of_rows(
    page: AssociationPage,
    oldest: datetime | None,
    names: Iterable[StudentOfEssay],
    now: datetime,
) -> Matching | None:
    """From the rows of a batch, which do not tell whether they are confirmed; None without rows.

    The timer is the only one that confirms in CMS, and all rows of a batch at once. It gives weak
    matches to the placeholder, so a placeholder among `names` proves that it has been there.
    """
    total = len(page.associations) + page.skipped
    if total == 0:
        return None
    placeholder = any(not is_real_student(one.student_person_name) for one in names)
    if placeholder or (oldest and now >= oldest + TIMER_AFTER + TIMER_PERIOD):
        return Matching(total, pending=0)
    return Matching(total, None if is_old_enough(oldest, now) else total, oldest)


def attention_of(
    matching: Matching | None, confirmed_at: datetime | None, essay_count: int
) -> Attention | None:
    """For a batch of which no phase has begun; None when no match waits or has been confirmed.

    The ledger overrules CMS, which counts confirmed matches as pending.
    """
    if matching is None or (matching.pending == 0 and confirmed_at is None):
        return None
    since = None if confirmed_at else matching.since
    return Attention(
        pending=0 if confirmed_at else matching.pending,
        unmatched=max(0, essay_count - matching.total),
        auto_confirm_from=since + TIMER_AFTER if since else None,
        auto_confirm_by=since + TIMER_AFTER + TIMER_PERIOD if since else None,
        confirmed_at=confirmed_at,
    )


# An event may be lost or late, so the absence of one proves nothing: it allows no more than a remark.


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
