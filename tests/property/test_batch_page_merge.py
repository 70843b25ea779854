"""Merged pages of a status equal the pages of one sorted list."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bff_core.composition import Fetched
from services.bff_teacher.contracts.ras import BatchPage, BatchSummary, Pagination
from services.bff_teacher.screens.rows.pages import merge_pages

START = datetime(2026, 1, 31)  # noqa: DTZ001 - the platform's times name no zone


def a_batch(number: int, minute: int) -> BatchSummary:
    moment = START + timedelta(minutes=minute)
    return BatchSummary(
        batch_id=f"{number:04d}",
        user_id="anna",
        overall_status="processing",
        essay_count=1,
        completed_essay_count=0,
        failed_essay_count=0,
        created_at=moment,
        last_updated=moment,
    )


def source_page(rows: list[BatchSummary], deep: int) -> Fetched[BatchPage]:
    """A page of RAS: newest first, ties in any order, the first `deep` rows."""
    ordered = sorted(rows, key=lambda row: (row.created_at, row.batch_id), reverse=True)
    # A tie at the cut is the source's to break; our order cannot depend on what it left out.
    return Fetched(
        BatchPage(batches=tuple(ordered[:deep]), pagination=Pagination(deep, 0, len(rows)))
    )


@given(
    minutes=st.lists(st.integers(0, 10_000), unique=True, max_size=40),
    words=st.lists(st.integers(0, 3), min_size=40, max_size=40),
    limit=st.integers(1, 20),
    offset=st.integers(0, 45),
)
def test_every_page_is_the_slice_of_the_whole(
    minutes: list[int], words: list[int], limit: int, offset: int
) -> None:
    rows = [a_batch(number, minute) for number, minute in enumerate(minutes)]
    by_word = [[row for row, word in zip(rows, words, strict=False) if word == w] for w in range(4)]

    merged = merge_pages(
        [source_page(part, offset + limit) for part in by_word], limit=limit, offset=offset
    ).value

    whole = sorted(rows, key=lambda row: row.created_at, reverse=True)
    assert list(merged.batches) == whole[offset : offset + limit]
    assert merged.pagination.total == len(rows)


@given(minute=st.integers(0, 100))
def test_a_batch_that_changed_words_between_reads_is_shown_once(minute: int) -> None:
    reading = source_page([a_batch(1, minute)], 10)

    merged = merge_pages([reading, reading], limit=10, offset=0).value

    assert len(merged.batches) == 1
