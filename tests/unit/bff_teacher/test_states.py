"""Reads behind the states: which source is asked for which batch, and what a failure costs."""

from datetime import UTC, timedelta

import pytest

from bff_core.composition import Fetched, Missing
from bff_core.errors import BffError, DownstreamFailed, DownstreamTimeout, Unavailable
from services.bff_teacher.confirmations.upload import BatchRecord
from services.bff_teacher.contracts.cms import ValidationStatus
from services.bff_teacher.contracts.ras import BatchSummary
from services.bff_teacher.screens.states import BatchStates, StateReads
from tests.unit.bff_teacher.fakes import START, a_batch, a_context, batch_id
from tests.unit.bff_teacher.screen_fakes import a_match, a_row
from tests.unit.bff_teacher.state_fakes import (
    NOON,
    FakeBatchRecords,
    FakePipelines,
    FakeReviews,
    phases,
    state_reads,
)

MORNING = START.replace(tzinfo=UTC)
WAITING = FakeReviews({batch_id(1): [a_row(1, 1), a_row(2, 2)]})
RUNNING = phases("spellcheck", spellcheck="dispatch_initiated")
PENDING = a_batch(1, overall_status="pending_content")
FINISHED = a_batch(
    1,
    overall_status="completed_successfully",
    processing_completed_at=START,
    last_updated=START + timedelta(seconds=1),
)


async def read(reads: StateReads, *rows: BatchSummary, finished: bool = False) -> BatchStates:
    return await reads.read(a_context(), rows, finished=finished)


def code_of(states: BatchStates, part: str) -> str | None:
    found = getattr(states, part).part
    return found.code if isinstance(found, Missing) else None


async def test_phases_of_unfinished_batches_alone_are_read_for_a_list() -> None:
    pipelines = FakePipelines()
    changed_since = a_batch(2, processing_completed_at=START, last_updated=START + timedelta(1))
    rows = [FINISHED, changed_since, a_batch(3)]

    await read(state_reads(pipelines), *rows)

    assert pipelines.asked == [batch_id(2), batch_id(3)]


async def test_matches_are_read_only_of_batches_that_have_not_begun() -> None:
    reviews = FakeReviews()
    pipelines = FakePipelines(
        {batch_id(1): RUNNING, batch_id(2): None}, {batch_id(4): DownstreamTimeout("bos")}
    )

    await read(state_reads(pipelines, reviews), *[a_batch(number) for number in range(1, 5)])

    assert reviews.asked == [batch_id(2), batch_id(3)]


async def test_the_ledger_is_read_once_and_counts_before_a_batch_has_begun() -> None:
    record = BatchRecord(is_ours=True, expected=3)
    records = FakeBatchRecords({batch_id(number): record for number in (1, 2)})
    rows = [a_batch(number) for number in (1, 2, 3)]

    states = await read(state_reads(FakePipelines({batch_id(2): RUNNING}), None, records), *rows)

    # The key of the titles of a page, so that both come by one read.
    assert records.asked == [[batch_id(1), batch_id(2), batch_id(3)]]
    assert [states.truth_of(row).record for row in rows] == [record, None, None]


async def test_the_ledger_is_not_read_for_a_page_of_which_all_has_begun() -> None:
    records = FakeBatchRecords()

    await read(state_reads(FakePipelines({batch_id(2): RUNNING}), None, records), a_batch(2))

    assert records.asked == []


async def test_one_batch_that_cannot_be_read_costs_its_own_state_alone() -> None:
    pipelines = FakePipelines({batch_id(2): RUNNING}, {batch_id(1): DownstreamTimeout("bos")})
    rows = [a_batch(1), a_batch(2)]

    states = await read(state_reads(pipelines), *rows)

    assert [states.truth_of(row).status for row in rows] == [None, "processing"]
    assert code_of(states, "phases") == "TIMEOUT"


async def test_rows_of_cms_stand_for_counts_that_it_does_not_give() -> None:
    states = await read(state_reads(None, WAITING, now=MORNING), PENDING)

    found = states.truth_of(PENDING).attention
    assert found is not None
    assert (found.pending, found.unmatched) == (2, 23)
    assert found.auto_confirm_from == MORNING + timedelta(hours=24)


async def test_counts_of_cms_are_used_where_it_gives_them() -> None:
    status = ValidationStatus(
        batch_id=batch_id(1),
        deviation_count=3,
        auto_confirm_deadline=START + timedelta(hours=24),
        total_associations=4,
        confirmed_associations=1,
    )
    reviews = FakeReviews(counts={batch_id(1): status})

    states = await read(state_reads(None, reviews), PENDING, a_batch(2))

    found = states.truth_of(PENDING).attention
    assert found is not None
    assert (found.pending, found.unmatched) == (3, 21)
    assert found.auto_confirm_from == MORNING + timedelta(hours=24)
    assert states.truth_of(a_batch(2)).attention is None
    assert reviews.asked == []


@pytest.mark.parametrize(
    ("hours", "placeholder", "status", "pending"),
    [
        (23.9, False, "awaiting_review", 2),
        (24.5, False, "awaiting_review", None),
        (24.5, True, "ready", 0),
        (25.1, False, "ready", 0),
    ],
)
async def test_timer_of_cms_shows_in_the_age_of_the_rows_and_in_the_placeholder(
    hours: float, placeholder: bool, status: str, pending: int | None
) -> None:
    first, last = ("UNKNOWN", "STUDENT") if placeholder else ("Elev", "Åberg")
    reviews = FakeReviews(WAITING.rows, names=[a_match(1, 1, first, last)])

    states = await read(state_reads(None, reviews, now=MORNING + timedelta(hours=hours)), PENDING)

    truth = states.truth_of(PENDING)
    assert truth.status == status
    assert (truth.attention.pending if truth.attention else 0) == pending


async def test_confirmation_in_the_ledger_overrules_cms() -> None:
    records = FakeBatchRecords(confirmed_at={batch_id(1): NOON})

    states = await read(state_reads(None, WAITING, records, now=MORNING), PENDING)

    truth = states.truth_of(PENDING)
    assert (truth.status, truth.status_source, truth.needs_attention) == ("ready", "ledger", False)


@pytest.mark.parametrize(
    "records",
    [FakeBatchRecords(confirmed_at={batch_id(1): NOON}), FakeBatchRecords(down=Unavailable())],
    ids=["confirmed", "away"],
)
async def test_the_ledger_decides_nothing_where_no_match_waits(records: FakeBatchRecords) -> None:
    states = await read(state_reads(None, FakeReviews(), records), PENDING)

    truth = states.truth_of(PENDING)
    assert (truth.status, truth.status_source) == ("not_started", "bos")
    assert (truth.attention, truth.attention_known) == (None, True)
    assert code_of(states, "validation") is None


@pytest.mark.parametrize(
    ("pipelines", "reviews", "records", "phases_code", "validation_code"),
    [
        (FakePipelines(down=DownstreamTimeout("bos")), WAITING, None, "TIMEOUT", None),
        (
            None,
            FakeReviews(down=DownstreamFailed("cms")),
            None,
            None,
            "EXTERNAL_SERVICE_ERROR",
        ),
        (None, WAITING, FakeBatchRecords(down=Unavailable()), None, "SERVICE_UNAVAILABLE"),
    ],
    ids=["bos", "cms", "ledger"],
)
async def test_without_a_source_nothing_is_said_of_what_it_knows(
    pipelines: FakePipelines | None,
    reviews: FakeReviews,
    records: FakeBatchRecords | None,
    phases_code: str | None,
    validation_code: str | None,
) -> None:
    states = await read(state_reads(pipelines, reviews, records, now=MORNING), PENDING)

    truth = states.truth_of(PENDING)
    assert (truth.status, truth.attention, truth.needs_attention) == (None, None, None)
    assert (code_of(states, "phases"), code_of(states, "validation")) == (
        phases_code,
        validation_code,
    )


async def test_a_failure_that_is_no_outage_is_no_missing_part() -> None:
    with pytest.raises(ZeroDivisionError):
        await read(state_reads(FakePipelines(down=ZeroDivisionError())), PENDING)  # type: ignore[arg-type]


async def test_nothing_is_asked_for_a_page_without_unfinished_batches() -> None:
    broken = BffError()
    reads = state_reads(
        FakePipelines(down=broken),  # type: ignore[arg-type]
        FakeReviews(down=broken),  # type: ignore[arg-type]
        FakeBatchRecords(down=broken),
    )

    states = await read(reads, FINISHED)

    assert states.truth_of(FINISHED).status == "completed_successfully"
    assert states.phases is not None
    assert states.phases.part == Fetched(None)


async def test_disabled_parts_ask_nothing_and_say_nothing() -> None:
    pipelines, reviews = FakePipelines(), FakeReviews()

    off = await read(state_reads(pipelines, reviews, disabled=frozenset({"phases"})), PENDING)
    unreviewed = await read(
        state_reads(pipelines, reviews, disabled=frozenset({"validation"})), PENDING
    )

    assert (off.phases, off.validation, unreviewed.validation) == (None, None, None)
    assert off.truth_of(PENDING).status is None
    assert unreviewed.truth_of(PENDING).status == "not_started"
    assert unreviewed.truth_of(PENDING).needs_attention is None
    assert (len(pipelines.asked), reviews.asked) == (1, [])
