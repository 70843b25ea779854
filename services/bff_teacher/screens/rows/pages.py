"""Pages of a teacher's batches from RAS: by its status words, or all of the newest."""

from collections.abc import Sequence
from dataclasses import dataclass

from bff_core.composition import Fetched, fan_out, required
from bff_core.context import RequestContext, UserId
from services.bff_teacher.contracts.ras import FILTER_WORDS, BatchPage, BatchSummary, Pagination
from services.bff_teacher.dto.batch_status_v1 import StatusFilterV1
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery
from services.bff_teacher.ownership import is_same_user
from services.bff_teacher.ports import Results
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.parts import combined


@dataclass(frozen=True, slots=True)
class FoundBatches:
    """The rows of a page; `total` is None when not all batches could be searched.

    `skipped` counts rows that could not be read.
    """

    rows: Sequence[BatchSummary]
    total: int | None
    has_more: bool
    skipped: int


async def find_page(
    results: Results, ctx: RequestContext, query: DashboardQuery
) -> Fetched[FoundBatches]:
    """A page that RAS alone gives.

    Raises:
        DownstreamError: RAS failed.
    """
    page_range = PageRange(query.limit, query.offset)
    page = await required("batches", read_page(results, ctx, page_range, query.status))
    rows, total = visible_batches(page.value, ctx.user_id), page.value.pagination.total
    return page.holding(
        FoundBatches(
            rows,
            total,
            has_more=query.offset + query.limit < total,
            skipped=count_skipped(page.value, rows),
        )
    )


@dataclass(frozen=True, slots=True)
class PageRange:
    limit: int
    offset: int


async def read_page(
    results: Results, ctx: RequestContext, page_range: PageRange, status: StatusFilterV1 | None
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
    """The owner's rows with a UUID; the dashboard can show no others."""
    return [
        row
        for row in page.batches
        if (row.user_id == owner or is_same_user(row.user_id, owner)) and is_uuid(row.batch_id)
    ]


def count_skipped(page: BatchPage, visible: Sequence[BatchSummary]) -> int:
    """Rows of the page that no screen can show."""
    return page.skipped + len(page.batches) - len(visible)
