"""Batches that pass the filters of the dashboard, those of no source included."""

from collections.abc import Sequence
from dataclasses import dataclass

from bff_core.clock import as_utc
from bff_core.composition import Fetched, combined, fan_out, required
from bff_core.context import RequestContext
from services.bff_teacher.contracts.ras import BatchPage, BatchSummary, Pagination
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery
from services.bff_teacher.ports import Classes, Results
from services.bff_teacher.screens.rows.pages import FoundBatches, count_skipped, visible_batches
from services.bff_teacher.screens.states import StateReads
from services.bff_teacher.truth.facts import BatchTruth

SEARCHED_AT_A_TIME = 100
MAX_SEARCHED = 500
"""Newest batches among which those are searched that RAS cannot filter."""
MAX_STATES = 100
"""Newest batches whose state is read for a filter."""


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


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that may be found; `is_complete` unless others may be missing."""

    rows: Sequence[BatchSummary]
    is_complete: bool


@dataclass(frozen=True, slots=True)
class BatchSearch:
    """RAS filters by its own words and sorts by age; all else is done here on the newest batches."""

    results: Results
    classes: Classes
    states: StateReads

    async def find(self, ctx: RequestContext, query: DashboardQuery) -> Fetched[FoundBatches]:
        """A page of the caller's batches.

        Raises:
            DownstreamError: RAS failed, or CMS when a class was asked for.
        """
        newest = await required("batches", read_newest(self.results, ctx))
        passing = [row for row in newest.value.rows if _passes(row, query)]
        found = Candidates(passing, newest.value.is_complete)
        found = await self._of_class(ctx, query, found)
        found = await self._in_state(ctx, query, found)
        rows = list(found.rows)
        if query.sort == "last_change":
            rows.sort(key=lambda row: (row.last_updated, row.batch_id), reverse=True)
        end = query.offset + query.limit
        return newest.holding(
            FoundBatches(
                rows[query.offset : end],
                len(rows) if found.is_complete else None,
                has_more=end < len(rows),
                skipped=newest.value.skipped,
            )
        )

    async def _of_class(
        self, ctx: RequestContext, query: DashboardQuery, found: Candidates
    ) -> Candidates:
        """Those of the class, or those that CMS says have none."""
        if query.class_id is None and not query.no_class:
            return found
        ids = [row.batch_id for row in found.rows]
        infos = (await required("class_names", self.classes.of_batches(ctx, ids))).value
        wanted = query.class_id.lower() if query.class_id else None
        classes = {
            batch_id: info.class_id.lower() if info else None for batch_id, info in infos.items()
        }
        rows = [row for row in found.rows if classes.get(row.batch_id.lower(), "unknown") == wanted]
        is_known = all(row.batch_id.lower() in classes for row in found.rows)
        return Candidates(rows, found.is_complete and is_known)

    async def _in_state(
        self, ctx: RequestContext, query: DashboardQuery, found: Candidates
    ) -> Candidates:
        """Those in one of the states, or with matches that wait; unknown states are not found."""
        if not query.state and not query.attention:
            return found
        rows = found.rows[:MAX_STATES]
        states = await self.states.read(ctx, rows)
        truths = [(row, states.truth_of(row)) for row in rows]
        is_known = all(_is_decided(truth, query) for _, truth in truths)
        return Candidates(
            [row for row, truth in truths if _is_in_state(truth, query)],
            found.is_complete and is_known and len(found.rows) <= MAX_STATES,
        )


def _passes(row: BatchSummary, query: DashboardQuery) -> bool:
    if query.status and row.overall_status != query.status:
        return False
    ended_at = row.processing_completed_at
    since = query.completed_since
    return since is None or (ended_at is not None and as_utc(ended_at) >= since)


def _is_in_state(truth: BatchTruth, query: DashboardQuery) -> bool:
    if query.state and truth.status not in query.state:
        return False
    return not query.attention or waits_for_teacher(truth)


def _is_decided(truth: BatchTruth, query: DashboardQuery) -> bool:
    """False when the state that a filter needs is not known."""
    if query.state and truth.status is None:
        return False
    return not query.attention or truth.attention_known


def waits_for_teacher(truth: BatchTruth) -> bool:
    """True while matches are to decide, or may be."""
    attention = truth.attention
    return attention is not None and attention.confirmed_at is None and attention.pending != 0
