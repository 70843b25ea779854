"""Pages of a teacher's batches, as RAS sorts and filters them."""

from collections.abc import Sequence
from dataclasses import dataclass

from bff_core.composition import Fetched, combined, fan_out, required
from bff_core.context import RequestContext, UserId
from services.bff_teacher.contracts.ras import FILTER_WORDS, BatchPage, BatchSummary, Pagination
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery
from services.bff_teacher.ownership import is_same_user
from services.bff_teacher.ports import Results
from services.bff_teacher.screens.ids import is_uuid


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
        DownstreamError: RAS failed in one of the reads.
    """
    page = await required("batches", _read_page(results, ctx, query))
    rows, total = visible_batches(page.value, ctx.user_id), page.value.pagination.total
    return page.holding(
        FoundBatches(
            rows,
            total,
            has_more=query.offset + query.limit < total,
            skipped=count_skipped(page.value, rows),
        )
    )


async def _read_page(
    results: Results, ctx: RequestContext, query: DashboardQuery
) -> Fetched[BatchPage]:
    """A status that stands for several of RAS's reads each list from its beginning and merges them."""
    words = FILTER_WORDS[query.status] if query.status else (None,)
    if len(words) == 1:
        return await results.page(ctx, limit=query.limit, offset=query.offset, status=words[0])
    needed = query.offset + query.limit
    async with fan_out() as group:
        reads = [
            group.create_task(results.page(ctx, limit=needed, offset=0, status=word))
            for word in words
        ]
    pages = [read.result() for read in reads]
    return merge_pages(pages, limit=query.limit, offset=query.offset)


def merge_pages(
    sources: Sequence[Fetched[BatchPage]], *, limit: int, offset: int
) -> Fetched[BatchPage]:
    """Newest first, then by id; a batch that changed its status between two reads appears once."""
    pages = [source.value for source in sources]
    unique = {row.batch_id: row for page in pages for row in page.batches}
    rows = sorted(unique.values(), key=lambda row: row.batch_id)
    rows.sort(key=lambda row: row.created_at, reverse=True)
    total = sum(page.pagination.total for page in pages)
    merged = BatchPage(
        batches=tuple(rows[offset : offset + limit]),
        pagination=Pagination(limit=limit, offset=offset, total=total),
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
