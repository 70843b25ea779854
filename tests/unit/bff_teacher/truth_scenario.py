"""Situations of a batch, as its sources show them."""

from datetime import datetime

from services.bff_teacher.confirmations.upload import BatchRecord
from services.bff_teacher.contracts.bos import PhaseStates
from services.bff_teacher.contracts.files import LockStatus
from services.bff_teacher.contracts.ras import BatchSummary, EssayStage
from services.bff_teacher.events.model import BatchEvents
from services.bff_teacher.truth.batch import NOTHING_TOLD, batch_truth
from services.bff_teacher.truth.facts import UNKNOWN, BatchTruth, Matching, Unknown
from tests.unit.bff_teacher.fakes import a_batch
from tests.unit.bff_teacher.state_fakes import NOON, phases

ENDED = datetime(2026, 1, 31, 12, 5)  # noqa: DTZ001 - as RAS sends it
GOOD = EssayStage(spellcheck_status="completed")
BAD = EssayStage(spellcheck_status="failed")
RANKED = EssayStage(spellcheck_status="completed", cj_assessment_status="completed")
CJ = ("spellcheck", "cj_assessment")
WAITING = Matching(total=3, pending=3, since=NOON)
FOUR = {"essay_count": 4}
REGISTERED = a_batch(1, overall_status="pending_content", **FOUR)
SPELLCHECKED = a_batch(1, overall_status="completed_successfully", essays=(GOOD,) * 4, **FOUR)
FINISHED = a_batch(
    1,
    overall_status="completed_successfully",
    essays=(RANKED,) * 4,
    completed_essay_count=4,
    processing_completed_at=ENDED,
    **FOUR,
)
CJ_RUNS = phases(*CJ, spellcheck="completed_successfully", cj_assessment="dispatch_initiated")
CJ_DONE = phases(*CJ, spellcheck="completed_successfully", cj_assessment="completed_successfully")


def truth(
    ras: BatchSummary,
    bos: PhaseStates | Unknown | None = UNKNOWN,
    *,
    file: LockStatus | Unknown = UNKNOWN,
    cms: Matching | Unknown | None = None,
    ledger: datetime | Unknown | None = None,
    record: BatchRecord | None = None,
    events: BatchEvents = NOTHING_TOLD,
) -> BatchTruth:
    return batch_truth(ras, bos, file, cms, ledger, events=events, record=record)


def said(found: BatchTruth) -> tuple[str | None, str | None, str | None]:
    return found.status, found.status_source, found.processing_phase
