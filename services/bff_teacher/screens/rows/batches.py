"""Batches of RAS: pages by the teacher's status words, and rows as dashboard items."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bff_core.clock import as_utc
from bff_core.composition import Fetched, fan_out
from bff_core.context import RequestContext, UserId
from services.bff_teacher.contracts.cms import ClassInfo
from services.bff_teacher.contracts.ras import FILTER_WORDS, BatchPage, BatchSummary, Pagination
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1
from services.bff_teacher.dto.class_dashboard_v1 import DashboardBatchV1
from services.bff_teacher.ownership import is_same_user
from services.bff_teacher.ports import Results
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.parts import combined

STATUSES = frozenset(status.value for status in BatchStatusV1)


@dataclass(frozen=True, slots=True)
class PageRange:
    limit: int
    offset: int


async def read_page(
    results: Results, ctx: RequestContext, page_range: PageRange, status: BatchStatusV1 | None
) -> Fetched[BatchPage]:
    """One page of the caller's batches.

    A status that stands for several of RAS's reads each list from its beginning and merges them.

    Raises:
        DownstreamError: RAS failed in one of the reads.
    """
    words = FILTER_WORDS[status] if status else (None,)
    if len(words) == 1:
        return await results.page(
            ctx, limit=page_range.limit, offset=page_range.offset, status=words[0]
        )
    needed = page_range.offset + page_range.limit
    async with fan_out() as group:
        reads = [
            group.create_task(results.page(ctx, limit=needed, offset=0, status=word))
            for word in words
        ]
    return merge_pages([read.result() for read in reads], page_range)


def merge_pages(sources: Sequence[Fetched[BatchPage]], page_range: PageRange) -> Fetched[BatchPage]:
    """Newest first, then by id; a batch that changed its status between two reads appears once."""
    pages = [source.value for source in sources]
    unique = {row.batch_id: row for page in pages for row in page.batches}
    rows = sorted(unique.values(), key=lambda row: row.batch_id)
    rows.sort(key=lambda row: row.created_at, reverse=True)
    merged = BatchPage(
        batches=tuple(rows[page_range.offset : page_range.offset + page_range.limit]),
        pagination=Pagination(
            limit=page_range.limit,
            offset=page_range.offset,
            total=sum(page.pagination.total for page in pages),
        ),
        skipped=sum(page.skipped for page in pages),
    )
    return combined(merged, sources)


def visible_batches(page: BatchPage, owner: UserId) -> list[BatchSummary]:
    """The owner's rows with a known status and a UUID; the dashboard can show no others."""
    return [
        row
        for row in page.batches
        if (row.user_id == owner or is_same_user(row.user_id, owner))
        and row.overall_status in STATUSES
        and is_uuid(row.batch_id)
    ]


def dashboard_item(row: BatchSummary, info: ClassInfo | None) -> DashboardBatchV1:
    """A visible row joined with its class, if that is known."""
    is_final = row.processing_completed_at is not None
    return DashboardBatchV1(
        batch_id=row.batch_id,
        title=row.assignment_id or "Untitled Batch",
        class_id=info.class_id if info and is_uuid(info.class_id) else None,
        class_name=info.class_name if info else None,
        status=BatchStatusV1(row.overall_status),
        total_essays=row.essay_count,
        completed_essays=row.completed_essay_count,
        failed_essays=row.failed_essay_count,
        progress_percent=progress_percent(row, is_final=is_final),
        requested_pipeline=row.requested_pipeline,
        current_phase=row.current_phase,
        is_final=is_final,
        created_at=as_utc(row.created_at),
        last_updated=as_utc(row.last_updated),
        completed_at=as_utc_or_none(row.processing_completed_at),
    )


def progress_percent(row: BatchSummary, *, is_final: bool) -> int:
    """Ended essays of those expected; at most 99 until final. RAS may count more than it expected."""
    ended = row.completed_essay_count + row.failed_essay_count
    if ended <= 0 or row.essay_count <= 0:
        return 0
    return min(round(100 * ended / row.essay_count), 100 if is_final else 99)


def as_utc_or_none(moment: datetime | None) -> datetime | None:
    return as_utc(moment) if moment else None
