"""Matches of essays with students that a batch waits for."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bff_core.clock import as_utc
from services.bff_teacher.contracts.cms import AssociationPage, StudentOfEssay, ValidationStatus
from services.bff_teacher.ownership import is_real_student
from services.bff_teacher.truth.facts import Attention, Matching

TIMER_AFTER = timedelta(hours=24)
"""Age from which CMS's timer confirms a match."""
TIMER_PERIOD = timedelta(hours=1)
"""Time between two looks of the timer."""


def matching_of_status(status: ValidationStatus | None) -> Matching | None:
    """From CMS's own count; None for a batch without matches."""
    if status is None or status.total_associations == 0:
        return None
    deadline = status.auto_confirm_deadline
    since = as_utc(deadline) - TIMER_AFTER if deadline else None
    return Matching(status.total_associations, status.deviation_count, since)


def is_old_enough(page: AssociationPage, now: datetime) -> bool:
    """True if CMS's timer may have confirmed the rows."""
    oldest = _oldest(page)
    return oldest is not None and now >= oldest + TIMER_AFTER


def matching_of_rows(
    page: AssociationPage, names: Iterable[StudentOfEssay], now: datetime
) -> Matching | None:
    """From the rows of a batch, which do not tell whether they are confirmed; None without rows.

    The timer is the only one that confirms in CMS, and all rows of a batch at once. It gives weak
    matches to the placeholder, so a placeholder among `names` proves that it has been there.
    """
    total = len(page.associations) + page.skipped
    if total == 0:
        return None
    oldest = _oldest(page)
    placeholder = any(not is_real_student(one.student_person_name) for one in names)
    if placeholder or (oldest and now >= oldest + TIMER_AFTER + TIMER_PERIOD):
        return Matching(total, pending=0)
    may_be_confirmed = is_old_enough(page, now)
    return Matching(total, None if may_be_confirmed else total, oldest)


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


def _oldest(page: AssociationPage) -> datetime | None:
    times = [as_utc(row.created_at) for row in page.associations if row.created_at]
    return min(times, default=None)
