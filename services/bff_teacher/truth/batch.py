"""The state of one batch, from all sources that know something of it."""

from datetime import datetime

from bff_core.clock import as_utc
from services.bff_teacher.confirmations.upload import BatchRecord
from services.bff_teacher.contracts.bos import PhaseStates
from services.bff_teacher.contracts.files import LockStatus
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1 as Status
from services.bff_teacher.events.model import BatchEvents
from services.bff_teacher.truth.announced import (
    FAILED,
    failure_of_assessment,
    last_failure,
    outcome_of_retry,
    standing_denial,
    waits_for,
)
from services.bff_teacher.truth.before_start import attention_before_start, status_before_start
from services.bff_teacher.truth.essays import (
    EssayCounts,
    count_essays,
    has_results_of,
    spellchecked,
)
from services.bff_teacher.truth.facts import (
    NO_STATUS,
    BatchTruth,
    Matching,
    Phase,
    StatusFact,
    Unknown,
)
from services.bff_teacher.truth.phases import (
    has_begun,
    has_more,
    last_started,
    phases_of,
    running_phase,
)

COMPLETED = frozenset({Status.COMPLETED_SUCCESSFULLY, Status.COMPLETED_WITH_FAILURES})
OVER = COMPLETED | {Status.FAILED, Status.CANCELLED}


NOTHING_TOLD = BatchEvents()


def batch_truth(
    ras: BatchSummary,
    bos: PhaseStates | Unknown | None,
    file: LockStatus | Unknown,
    cms: Matching | Unknown | None,
    ledger: datetime | Unknown | None,
    *,
    events: BatchEvents = NOTHING_TOLD,
    record: BatchRecord | None = None,
) -> BatchTruth:
    """The state of a batch that RAS knows; `bos` and `cms` are None for one that they do not know.

    `ledger` is the time of the teacher's confirmation, `file` the lock of its files.
    """
    phases = phases_of(bos) if isinstance(bos, PhaseStates) else None
    counts = count_essays(ras)
    fact = _lost_assessment(phases, events) or _status(ras, bos, phases, file, counts, told=events)
    attention, attention_known = None, bool(not fact or fact.status or has_begun(phases))
    if fact is None:
        fact = status_before_start(ras, cms, ledger, events)
        attention, attention_known = attention_before_start(ras, cms, ledger, events)
    waiting = waits_for(events) if fact.status is Status.NOT_STARTED else None
    return BatchTruth(
        status=fact.status,
        status_source=fact.source,
        is_final=fact.ended,
        completed_at=fact.completed_at,
        processing_phase=fact.phase,
        phases=phases,
        completed_essays=counts.completed,
        failed_essays=counts.failed,
        progress_percent=_progress(ras, fact, counts),
        attention=attention,
        attention_known=attention_known,
        record=record,
        waits_for=waiting,
        placed_files=events.placed if waiting == "files" else None,
        rejected_files=events.rejected if waiting == "files" else None,
        denial=standing_denial(events, fact),
    )


def _lost_assessment(phases: tuple[Phase, ...] | None, told: BatchEvents) -> StatusFact | None:
    """The failure of a comparison that BOS calls running for ever; None elsewhere."""
    running = running_phase(phases or ())
    failed_at = failure_of_assessment(told, running) if running else None
    return None if failed_at is None else _failed(failed_at)


def _status(
    ras: BatchSummary,
    bos: PhaseStates | Unknown | None,
    phases: tuple[Phase, ...] | None,
    file: LockStatus | Unknown,
    counts: EssayCounts,
    *,
    told: BatchEvents,
) -> StatusFact | None:
    """The status of a batch that has begun or may have; None before the first phase."""
    running = running_phase(phases or ())
    if running is not None:
        # Also after RAS has called the batch finished: a second pipeline does not take that back.
        return StatusFact(Status.PROCESSING, "bos", phase=running.name)
    stopped = _within_pipeline(ras, phases or (), bos, counts, told)
    if stopped is not None:
        return stopped
    if ras.processing_completed_at is not None:
        ended_at = as_utc(ras.processing_completed_at)
        return StatusFact(_ras_status(ras, counts), "ras", ended=True, completed_at=ended_at)
    if isinstance(bos, Unknown):
        return _without_phases(file, told)
    if bos is None:
        # BOS has lost it or never had it, so nothing of it runs.
        status = _ras_status(ras, counts)
        return StatusFact(status, "ras") if status in OVER else None
    return _at_its_end(ras, phases or (), bos, counts, told)


def _failed(at: datetime) -> StatusFact:
    return StatusFact(Status.FAILED, "events", ended=True, completed_at=at)


def _within_pipeline(
    ras: BatchSummary,
    phases: tuple[Phase, ...],
    bos: PhaseStates | Unknown | None,
    counts: EssayCounts,
    told: BatchEvents,
) -> StatusFact | None:
    """Between two phases, or after one that failed, whatever RAS says; None elsewhere.

    A failed phase that is started again stays failed in BOS, so results of it count more.
    """
    if not isinstance(bos, PhaseStates):
        return None
    last = last_started(phases, bos.requested_pipelines)
    more = has_more(phases, bos.requested_pipelines)
    if last and last.status == "failed" and (more or not _has_ended_well(ras, last, counts)):
        return StatusFact(Status.FAILED, "bos", ended=True, completed_at=last.completed_at)
    if last and more:
        if last.status == "retried":
            return _retried(bos, last, counts, told)
        return StatusFact(Status.PROCESSING, "bos")
    return None


def _retried(bos: PhaseStates, phase: Phase, counts: EssayCounts, told: BatchEvents) -> StatusFact:
    """A phase that was started again; only an event tells that it has ended."""
    outcome = outcome_of_retry(told, bos, phase)
    if outcome is None:
        return StatusFact(Status.RETRIED, "bos")
    if outcome.status == FAILED:
        return _failed(outcome.at)
    if has_more(phases_of(bos), bos.requested_pipelines):
        # The next phase is about to be dispatched.
        return StatusFact(Status.PROCESSING, "events")
    status = Status.COMPLETED_WITH_FAILURES if counts.failed else Status.COMPLETED_SUCCESSFULLY
    return StatusFact(status, "events", ended=True, completed_at=outcome.at)


def _at_its_end(
    ras: BatchSummary,
    phases: tuple[Phase, ...],
    bos: PhaseStates,
    counts: EssayCounts,
    told: BatchEvents,
) -> StatusFact | None:
    """After the last phase, without RAS's word for the end; None before the first phase."""
    last = last_started(phases, bos.requested_pipelines)
    if last is None:
        started_before = any(one.status == "completed" for one in phases)
        return StatusFact(Status.PROCESSING, "bos") if started_before else None
    if last.status == "completed":
        # Of the other phases RAS keeps nothing, so the spellcheck before them must do.
        known = last.name if last.name == "cj_assessment" else "spellcheck"
        if not has_results_of(known, ras):
            return StatusFact(Status.PROCESSING, "bos")
        # RAS's word may still be that of an earlier phase, or of an earlier run.
        status = Status.COMPLETED_WITH_FAILURES if counts.failed else Status.COMPLETED_SUCCESSFULLY
        return StatusFact(status, "bos", ended=True, completed_at=last.completed_at)
    if _has_ended_well(ras, last, counts):
        return StatusFact(_ras_status(ras, counts), "ras")
    return _retried(bos, last, counts, told)


def _has_ended_well(ras: BatchSummary, phase: Phase, counts: EssayCounts) -> bool:
    """True if RAS shows results of a phase of whose second run BOS records nothing."""
    return _ras_status(ras, counts) in COMPLETED and has_results_of(phase.name, ras)


def _without_phases(file: LockStatus | Unknown, told: BatchEvents) -> StatusFact:
    """RAS's word is no help: it stands for what has not begun, runs or has ended alike."""
    if (failed_at := last_failure(told)) is not None:
        return _failed(failed_at)
    if isinstance(file, LockStatus) and file.running_phase:
        return StatusFact(Status.PROCESSING, "files", phase=file.running_phase)
    return NO_STATUS


def _ras_status(ras: BatchSummary, counts: EssayCounts) -> Status | None:
    """RAS's word, corrected by the essays; None for the words that say nothing of an end."""
    if ras.overall_status == "completed_successfully" and counts.failed:
        return Status.COMPLETED_WITH_FAILURES
    return next((one for one in OVER if one.value == ras.overall_status), None)


def _progress(ras: BatchSummary, fact: StatusFact, counts: EssayCounts) -> int | None:
    """Percent of the essays; None where no source counts them."""
    if ras.essay_count <= 0:
        return None
    if fact.ended:
        return min(100, round(100 * (counts.completed + counts.failed) / ras.essay_count))
    if fact.phase == "spellcheck":
        return min(99, round(100 * spellchecked(ras) / ras.essay_count))
    return None
