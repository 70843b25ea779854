"""Pages of batches by the teacher's status words, which may stand for several of RAS's."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bff_core.composition import Fetched, fan_out
from bff_core.context import RequestContext
from services.bff_teacher.contracts.ras import FILTER_WORDS, Batch, BatchPage, Pagination
from services.bff_teacher.dto.batch_status_v1 import BatchStatusV1
from services.bff_teacher.protocols import Results


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that a page shows."""

    limit: int
    offset: int


async def read_page(
    results: Results, ctx: RequestContext, window: Window, status: BatchStatusV1 | None
) -> Fetched[BatchPage]:
    """One page. A word for several of RAS's reads each from its beginning and merges them.

    Raises:
        DownstreamError: RAS did not answer one of the reads.
    """
    words = FILTER_WORDS[status] if status else (None,)
    if len(words) == 1:
        return await results.batches(ctx, limit=window.limit, offset=window.offset, word=words[0])
    deep = window.offset + window.limit
    async with fan_out() as group:
        reads = [
            group.create_task(results.batches(ctx, limit=deep, offset=0, word=word))
            for word in words
        ]
    return merge([read.result() for read in reads], window)


def merge(readings: Sequence[Fetched[BatchPage]], window: Window) -> Fetched[BatchPage]:
    """Newest first, then by id; a batch that changed words between two reads is shown once."""
    rows = _newest_first(row for reading in readings for row in reading.value.batches)
    pages = [reading.value for reading in readings]
    page = BatchPage(
        batches=tuple(rows[window.offset : window.offset + window.limit]),
        pagination=Pagination(
            window.limit, window.offset, sum(page.pagination.total for page in pages)
        ),
        skipped=sum(page.skipped for page in pages),
    )
    age = max(reading.age for reading in readings)
    return Fetched(page, age, any(reading.stale for reading in readings))


def _newest_first(rows: Iterable[Batch]) -> list[Batch]:
    unique = {row.batch_id: row for row in rows}
    by_id = sorted(unique.values(), key=lambda row: row.batch_id)
    return sorted(by_id, key=lambda row: row.created_at, reverse=True)
