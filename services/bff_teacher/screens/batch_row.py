"""From a row of RAS to an item of the dashboard, or to nothing when it cannot be shown."""

from datetime import datetime

from bff_core.clock import as_utc
from bff_core.composition import Fetched
from services.bff_teacher.contracts.cms import ClassInfo
from services.bff_teacher.contracts.ras import Batch, BatchPage
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1
from services.bff_teacher.dto.class_dashboard_v1 import DashboardBatchV1
from services.bff_teacher.screens.derived import derived_if_read_again
from services.bff_teacher.screens.ids import is_uuid, uuid_or_none

_WORDS = {word.value: word for word in BatchStatusV1}


def rows_of(page: Fetched[BatchPage], owner: str) -> list[Batch]:
    """The rows of a page that are the owner's and keep what the dashboard promises of its items."""

    def showable() -> list[Batch]:
        return [
            row
            for row in page.value.batches
            if row.user_id == owner and row.overall_status in _WORDS and is_uuid(row.batch_id)
        ]

    return derived_if_read_again(f"rows {owner}", showable, page)


def item(row: Batch, info: ClassInfo | None) -> DashboardBatchV1:
    """The join of a showable row and its class, if that is known."""
    final = row.processing_completed_at is not None
    # By place, in the order of the fields: a page's rows by name cost 3 % of a whole dashboard.
    return DashboardBatchV1(
        row.batch_id.lower(),
        row.assignment_id or "Untitled Batch",
        uuid_or_none(info.class_id) if info else None,
        info.class_name if info else None,
        _WORDS[row.overall_status],
        row.essay_count,
        row.completed_essay_count,
        row.failed_essay_count,
        progress(row, final=final),
        row.requested_pipeline,
        row.current_phase,
        final,
        as_utc(row.created_at),
        as_utc(row.last_updated),
        maybe_utc(row.processing_completed_at),
    )


def progress(row: Batch, *, final: bool) -> int:
    """Percent of the expected essays that have ended; RAS's counts may exceed what it expected."""
    ended = row.completed_essay_count + row.failed_essay_count
    if ended <= 0 or row.essay_count <= 0:
        return 0
    percent = round(100 * ended / row.essay_count)
    most = 100 if final else 99
    return percent if percent < most else most  # noqa: FURB136 - no call, for each row of a page


def maybe_utc(moment: datetime | None) -> datetime | None:
    return as_utc(moment) if moment else None
