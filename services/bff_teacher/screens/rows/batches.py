"""Batches of RAS: pages by the teacher's status words, and rows as dashboard items."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bff_core.clock import as_utc
from bff_core.composition import Fetched, fan_out
from bff_core.context import RequestContext, UserId
from services.bff_teacher.contracts.cms import ClassInfo
from services.bff_teacher.contracts.ras import FILTER_WORDS, BatchPage, BatchSummary, Pagination
from services.bff_teacher.dto.batch_state_v1 import AttentionV1, BatchPhaseV1, StartDenialV1
from services.bff_teacher.dto.batch_status_v1 import StatusFilterV1
from services.bff_teacher.dto.class_dashboard_v1 import DashboardBatchV1
from services.bff_teacher.events.model import Denial
from services.bff_teacher.ownership import is_same_user
from services.bff_teacher.ports import Results, TitleByBatch
from services.bff_teacher.screens.ids import is_uuid
from services.bff_teacher.screens.parts import combined
from services.bff_teacher.screens.rows.actions import action_dtos
from services.bff_teacher.screens.rows.titles import names_of
from services.bff_teacher.truth.facts import Attention, BatchTruth, Phase

SEARCHED_AT_A_TIME = 100
MAX_SEARCHED = 500
"""Newest batches among which those are searched that RAS cannot filter."""
_DENIALS: Mapping[str, Literal["insufficient_credits", "rate_limit", "unknown"]] = {
    "insufficient_credits": "insufficient_credits",
    "rate_limit_exceeded": "rate_limit",
}


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


@dataclass(frozen=True, slots=True)
class NewestBatches:
    """Visible rows, newest first; `is_complete` unless the caller has more, or one was not read."""

    rows: Sequence[BatchSummary]
    skipped: int
    is_complete: bool


async def read_newest(results: Results, ctx: RequestContext) -> Fetched[NewestBatches]:
    """The caller's newest batches, up to `MAX_SEARCHED`.

    Raises:
        DownstreamError: RAS failed in one of the reads.
    """
    first = await results.page(ctx, limit=SEARCHED_AT_A_TIME, offset=0)
    total = first.value.pagination.total
    async with fan_out() as group:
        reads = [
            group.create_task(results.page(ctx, limit=SEARCHED_AT_A_TIME, offset=offset))
            for offset in range(SEARCHED_AT_A_TIME, min(total, MAX_SEARCHED), SEARCHED_AT_A_TIME)
        ]
    pages = [first, *(read.result() for read in reads)]
    unique = {row.batch_id: row for page in pages for row in page.value.batches}
    found = BatchPage(
        batches=tuple(unique.values()),
        pagination=Pagination(limit=MAX_SEARCHED, offset=0, total=total),
        skipped=sum(page.value.skipped for page in pages),
    )
    rows = visible_batches(found, ctx.user_id)
    skipped = count_skipped(found, rows)
    newest = NewestBatches(rows, skipped, is_complete=total <= len(rows) and not skipped)
    return combined(newest, pages)


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


def dashboard_item(
    row: BatchSummary, truth: BatchTruth, info: ClassInfo | None, titles: TitleByBatch | None
) -> DashboardBatchV1:
    """A visible row joined with its state, and with its class and title, if they are known."""
    attention, names = truth.attention, names_of(row, titles)
    return DashboardBatchV1(
        batch_id=row.batch_id,
        batch_code=names.code,
        title=names.title,
        title_source=names.title_source,
        class_id=info.class_id if info and is_uuid(info.class_id) else None,
        class_name=info.class_name if info else None,
        status=truth.status,
        status_source=truth.status_source,
        processing_phase=truth.processing_phase,
        phases=phase_dtos(truth.phases),
        attention=attention_dto(attention),
        deviation_count=attention.pending if attention else None,
        auto_confirm_deadline=attention.auto_confirm_from if attention else None,
        waits_for=truth.waits_for,
        placed_files=truth.placed_files,
        rejected_files=truth.rejected_files,
        start_denied=denial_dto(truth.denial),
        total_essays=row.essay_count,
        completed_essays=truth.completed_essays,
        failed_essays=truth.failed_essays,
        progress_percent=truth.progress_percent,
        requested_pipeline=row.requested_pipeline,
        is_final=truth.is_final,
        created_at=as_utc(row.created_at),
        last_updated=as_utc(row.last_updated),
        completed_at=truth.completed_at,
        actions=action_dtos(row.batch_id, truth),
    )


def phase_dtos(phases: Sequence[Phase] | None) -> list[BatchPhaseV1] | None:
    if phases is None:
        return None
    return [BatchPhaseV1(one.name, one.status, one.started_at, one.completed_at) for one in phases]


def attention_dto(attention: Attention | None) -> AttentionV1 | None:
    if attention is None:
        return None
    return AttentionV1(
        kind="student_matching",
        pending=attention.pending,
        uncertain=None,
        unmatched=attention.unmatched,
        auto_confirm_from=attention.auto_confirm_from,
        auto_confirm_by=attention.auto_confirm_by,
        confirmed_at=attention.confirmed_at,
    )


def denial_dto(denial: Denial | None) -> StartDenialV1 | None:
    """The denial, with the platform's reason in our words."""
    if denial is None:
        return None
    reason = _DENIALS.get(denial.reason, "unknown")
    return StartDenialV1(pipeline=denial.pipeline, reason=reason, at=denial.at)


def as_utc_or_none(moment: datetime | None) -> datetime | None:
    return as_utc(moment) if moment else None
