"""The state of one batch, from all sources that know something of it; pure functions."""

from datetime import datetime

import msgspec
from msgspec.structs import replace

from bff_core.clock import as_utc
from services.bff_teacher.confirmations.upload import BatchRecord
from services.bff_teacher.contracts.bos import PhaseStates
from services.bff_teacher.contracts.files import LockStatus
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1 as Status
from services.bff_teacher.events.model import BatchEvents
from services.bff_teacher.truth.facts import (
    NO_STATUS,
    Attention,
    BatchTruth,
    Matching,
    Phase,
    StatusFact,
    StatusSource,
    Unknown,
)
from services.bff_teacher.truth.sources import (
    FAILED,
    EssayCounts,
    attention_of,
    count_essays,
    failure_of_assessment,
    has_begun,
    has_more,
    is_ready,
    last_failure,
    last_started,
    outcome_of_retry,
    phases_of,
    running_phase,
    standing_denial,
    waits_for,
)

COMPLETED = frozenset({Status.COMPLETED_SUCCESSFULLY, Status.COMPLETED_WITH_FAILURES})
_ENDS = {str(one): one for one in (*COMPLETED, Status.FAILED, Status.CANCELLED)}
_BEFORE_START = {"ready": Status.READY, "cancelled": Status.CANCELLED}

NOTHING_TOLD = BatchEvents()


class _Known(msgspec.Struct, frozen=True):
    """RAS's row, BOS's phases and the events of one batch; `phases` is empty without BOS's."""

    ras: BatchSummary
    bos: PhaseStates | Unknown | None
    phases: tuple[Phase, ...]
    counts: EssayCounts
    told: BatchEvents

    @property
    def ras_status(self) -> Status | None:
        """RAS's word, corrected by the essays; None for the words that say nothing of an end."""
        status = _ENDS.get(self.ras.overall_status)
        if status is Status.COMPLETED_SUCCESSFULLY and self.counts.failed:
            return Status.COMPLETED_WITH_FAILURES
        return status

    def has_ended_well(self, phase: Phase) -> bool:
        """True if RAS shows results of a phase of whose second run BOS records nothing."""
        return self.ras_status in COMPLETED and self.counts.has_results_of(phase.name)

    def ended(self, source: StatusSource, at: datetime | None) -> StatusFact:
        """The end of a pipeline by its essays: RAS's word may be that of an earlier phase or run."""
        status = (
            Status.COMPLETED_WITH_FAILURES if self.counts.failed else Status.COMPLETED_SUCCESSFULLY
        )
        return StatusFact(status, source, ended=True, completed_at=at)


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
    fact = _status(_Known(ras, bos, phases or (), counts, events), file)
    attention, attention_known = None, bool(not fact or fact.status or has_begun(phases))
    if fact is None:
        fact = _status_before_start(ras, cms, ledger, events)
        attention, attention_known = _attention_before_start(ras, cms, ledger, events)
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


def _status(known: _Known, file: LockStatus | Unknown) -> StatusFact | None:
    """The status of a batch that has begun or may have; None before the first phase."""
    ras = known.ras
    at_work = _running(known) or _within_pipeline(known)
    if at_work is not None:
        return at_work
    if ras.processing_completed_at is not None:
        ended_at = as_utc(ras.processing_completed_at)
        return StatusFact(known.ras_status, "ras", ended=True, completed_at=ended_at)
    if isinstance(known.bos, Unknown):
        return _without_phases(file, known.told)
    if known.bos is None:
        # BOS has lost it or never had it, so nothing of it runs.
        return StatusFact(known.ras_status, "ras") if known.ras_status else None
    return _at_its_end(known, known.bos)


def _failed(at: datetime) -> StatusFact:
    return StatusFact(Status.FAILED, "events", ended=True, completed_at=at)


def _running(known: _Known) -> StatusFact | None:
    """While a phase runs, or a comparison that BOS calls running for ever has failed; None elsewhere."""
    running = running_phase(known.phases)
    if running is None:
        return None
    failed_at = failure_of_assessment(known.told, running)
    if failed_at is not None:
        return _failed(failed_at)
    # Also after RAS has called the batch finished: a second pipeline does not take that back.
    return StatusFact(Status.PROCESSING, "bos", phase=running.name)


def _within_pipeline(known: _Known) -> StatusFact | None:
    """Between two phases, or after one that failed, whatever RAS says; None elsewhere.

    A failed phase that is started again stays failed in BOS, so results of it count more.
    """
    bos = known.bos
    if not isinstance(bos, PhaseStates):
        return None
    last = last_started(known.phases, bos.requested_pipelines)
    if last is None:
        return None
    more = has_more(known.phases, bos.requested_pipelines)
    if last.status == "failed" and (more or not known.has_ended_well(last)):
        return StatusFact(Status.FAILED, "bos", ended=True, completed_at=last.completed_at)
    if more and last.status == "retried":
        return _retried(known, bos, last)
    return StatusFact(Status.PROCESSING, "bos") if more else None


def _retried(known: _Known, bos: PhaseStates, phase: Phase) -> StatusFact:
    """A phase that was started again; only an event tells that it has ended."""
    outcome = outcome_of_retry(known.told, bos, phase)
    if outcome is None:
        return StatusFact(Status.RETRIED, "bos")
    if outcome.status == FAILED:
        return _failed(outcome.at)
    if has_more(known.phases, bos.requested_pipelines):
        # The next phase is about to be dispatched.
        return StatusFact(Status.PROCESSING, "events")
    return known.ended("events", outcome.at)


def _at_its_end(known: _Known, bos: PhaseStates) -> StatusFact | None:
    """After the last phase, without RAS's word for the end; None before the first phase."""
    last = last_started(known.phases, bos.requested_pipelines)
    if last is None:
        started_before = any(one.status == "completed" for one in known.phases)
        return StatusFact(Status.PROCESSING, "bos") if started_before else None
    if last.status == "completed":
        # Of the other phases RAS keeps nothing, so the spellcheck before them must do.
        shown = last.name if last.name == "cj_assessment" else "spellcheck"
        if not known.counts.has_results_of(shown):
            return StatusFact(Status.PROCESSING, "bos")
        return known.ended("bos", last.completed_at)
    if known.has_ended_well(last):
        return StatusFact(known.ras_status, "ras")
    return _retried(known, bos, last)


def _without_phases(file: LockStatus | Unknown, told: BatchEvents) -> StatusFact:
    """RAS's word is no help: it stands for what has not begun, runs or has ended alike."""
    if (failed_at := last_failure(told)) is not None:
        return _failed(failed_at)
    if isinstance(file, LockStatus) and file.running_phase:
        return StatusFact(Status.PROCESSING, "files", phase=file.running_phase)
    return NO_STATUS


def _status_before_start(
    ras: BatchSummary,
    cms: Matching | Unknown | None,
    ledger: datetime | Unknown | None,
    told: BatchEvents,
) -> StatusFact:
    """The status; the own record of a confirmation and the events come before CMS's rows.

    Without events, no source tells missing files from matching that runs or a batch that is ready.
    """
    if isinstance(ledger, datetime):
        return StatusFact(Status.READY, "ledger")
    if is_ready(told):
        return StatusFact(Status.READY, "events")
    if isinstance(cms, Matching):
        return _by_matches(cms, ledger)
    waiting = waits_for(told)
    if isinstance(cms, Unknown):
        # There may be matches, unless none was found.
        return StatusFact(Status.NOT_STARTED, "events") if waiting == "no_matches" else NO_STATUS
    if ras.overall_status in _BEFORE_START:
        return StatusFact(_BEFORE_START[ras.overall_status], "ras")
    return StatusFact(Status.NOT_STARTED, "events" if waiting else "bos")


def _by_matches(cms: Matching, ledger: Unknown | None) -> StatusFact:
    if cms.pending == 0:
        return StatusFact(Status.READY, "cms")
    return NO_STATUS if isinstance(ledger, Unknown) else StatusFact(Status.AWAITING_REVIEW, "cms")


def _attention_before_start(
    ras: BatchSummary,
    cms: Matching | Unknown | None,
    ledger: datetime | Unknown | None,
    told: BatchEvents,
) -> tuple[Attention | None, bool]:
    """Matches that wait for the teacher, and True if that is known.

    CMS's rows stay pending after a confirmation, and its routes do not tell that its timer was there.
    """
    confirmed = ledger if isinstance(ledger, datetime) else told.confirmed_at or ledger
    if isinstance(cms, Unknown):
        return None, False
    if told.auto_confirmed_at is not None and cms is not None:
        cms = replace(cms, pending=0)
    if isinstance(confirmed, Unknown):
        return None, cms is None or cms.pending == 0
    return attention_of(cms, confirmed, ras.essay_count), True


def _progress(ras: BatchSummary, fact: StatusFact, counts: EssayCounts) -> int | None:
    """Percent of the essays; None where no source counts them."""
    if ras.essay_count <= 0:
        return None
    if fact.ended:
        return min(100, round(100 * (counts.completed + counts.failed) / ras.essay_count))
    if fact.phase == "spellcheck":
        return min(99, round(100 * counts.spellchecked / ras.essay_count))
    return None
