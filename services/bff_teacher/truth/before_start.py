"""State of a batch before its first phase; pure functions.

Without events, no source tells missing files from matching that runs or a batch that is ready.
"""

from dataclasses import replace
from datetime import datetime

from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1 as Status
from services.bff_teacher.events.model import BatchEvents
from services.bff_teacher.truth.announced import is_ready, waits_for
from services.bff_teacher.truth.attention import attention_of
from services.bff_teacher.truth.facts import (
    NO_STATUS,
    Attention,
    Matching,
    StatusFact,
    Unknown,
)

_SAID = {"ready": Status.READY, "cancelled": Status.CANCELLED}


def status_before_start(
    ras: BatchSummary,
    cms: Matching | Unknown | None,
    ledger: datetime | Unknown | None,
    told: BatchEvents,
) -> StatusFact:
    """The status; the own record of a confirmation and the events come before CMS's rows."""
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
    if ras.overall_status in _SAID:
        return StatusFact(_SAID[ras.overall_status], "ras")
    return StatusFact(Status.NOT_STARTED, "events" if waiting else "bos")


def _by_matches(cms: Matching, ledger: Unknown | None) -> StatusFact:
    if cms.pending == 0:
        return StatusFact(Status.READY, "cms")
    return NO_STATUS if isinstance(ledger, Unknown) else StatusFact(Status.AWAITING_REVIEW, "cms")


def attention_before_start(
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
