"""Filters that no source knows are exact, or tell that they may not be."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from bff_core.errors import DownstreamFailed, DownstreamUnreachable
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery, TeacherClassDashboardV1
from services.bff_teacher.screens.states import StateReads
from tests.unit.bff_teacher.fakes import (
    START,
    FakeClasses,
    FakeResults,
    a_batch,
    a_class,
    a_context,
    batch_id,
    info_of,
)
from tests.unit.bff_teacher.screen_builders import a_dashboard
from tests.unit.bff_teacher.screen_fakes import a_row
from tests.unit.bff_teacher.state_fakes import FakePipelines, FakeReviews, state_reads

DONE = {"overall_status": "completed_successfully", "processing_completed_at": START}


async def found(
    rows: FakeResults,
    classes: FakeClasses | None = None,
    states: StateReads | None = None,
    **query: object,
) -> TeacherClassDashboardV1:
    screen = a_dashboard(
        results=rows, classes=classes, states=states, disabled=frozenset({"class_activity"})
    )
    return await screen.load(a_context(), DashboardQuery.model_validate(query))


def numbers(answer: TeacherClassDashboardV1) -> list[int]:
    return [int(row.batch_id[-4:]) for row in answer.batches]


async def test_a_class_has_its_batches_and_those_without_one_the_rest() -> None:
    klass, other = a_class(1), a_class(2)
    infos = {batch_id(1): info_of(klass), batch_id(2): info_of(other), batch_id(3): None}
    results = FakeResults([a_batch(number) for number in (1, 2, 3)])
    classes = FakeClasses([klass, other], infos)

    of_class = await found(results, classes, class_id=klass.id.upper())
    without = await found(results, classes, no_class=True)

    assert (numbers(of_class), of_class.total_count) == ([1], 1)
    assert (numbers(without), without.total_count) == ([3], 1)


async def test_batches_of_a_class_cannot_be_told_without_its_source() -> None:
    classes = FakeClasses(infos_down=DownstreamUnreachable("cms"))

    with pytest.raises(DownstreamUnreachable) as raised:
        await found(FakeResults([a_batch(1)]), classes, no_class=True)

    assert raised.value.details == {"service": "cms", "part": "class_names"}


async def test_several_states_at_once_are_those_that_the_rows_show() -> None:
    results = FakeResults(
        [
            a_batch(1, **DONE),
            a_batch(2, overall_status="failed", processing_completed_at=START),
            a_batch(3, overall_status="completed_with_failures", processing_completed_at=START),
        ]
    )

    answer = await found(results, state=("failed", "completed_successfully"))

    assert numbers(answer) == [2, 1]
    assert {row.status for row in answer.batches} == {"failed", "completed_successfully"}
    assert answer.total_count == 2


async def test_a_state_that_is_not_known_makes_the_total_unknown() -> None:
    states = state_reads(FakePipelines(down=DownstreamFailed("bos")))
    results = FakeResults([a_batch(1, **DONE), a_batch(2)])

    answer = await found(results, states=states, state=("completed_successfully",))

    assert (numbers(answer), answer.total_count) == ([1], None)


async def test_batches_that_wait_for_the_teacher() -> None:
    waiting = a_batch(1, overall_status="pending_content")
    results = FakeResults([waiting, a_batch(2, **DONE)])
    states = state_reads(reviews=FakeReviews(rows={batch_id(1): [a_row(1, 1)]}))

    answer = await found(results, states=states, attention=True)

    assert (numbers(answer), answer.total_count) == ([1], 1)
    assert answer.batches[0].attention is not None


async def test_batches_finished_since_a_time() -> None:
    ended = [START + timedelta(days=day) for day in range(3)]
    rows = [a_batch(n, **(DONE | {"processing_completed_at": at})) for n, at in enumerate(ended)]

    answer = await found(FakeResults([*rows, a_batch(9)]), completed_since="2026-02-01T08:00:00Z")

    assert numbers(answer) == [2, 1]


async def test_the_latest_change_first_and_pages_go_on() -> None:
    rows = [a_batch(n, last_updated=START + timedelta(days=7 - n)) for n in range(5)]

    pages = [
        await found(FakeResults(rows), sort="last_change", limit=2, offset=offset)
        for offset in (0, 2, 4, 6)
    ]

    assert [numbers(page) for page in pages] == [[0, 1], [2, 3], [4], []]
    assert [page.has_more for page in pages] == [True, True, False, False]
    assert {page.total_count for page in pages} == {5}


async def test_beyond_the_newest_five_hundred_the_total_is_unknown() -> None:
    results = FakeResults([a_batch(number, **DONE) for number in range(501)])

    answer = await found(results, sort="last_change", limit=100)
    few = await found(results, state=("completed_successfully",), offset=95)

    assert (len(answer.batches), answer.total_count, answer.has_more) == (100, None, True)
    assert (len(few.batches), few.total_count, few.has_more) == (5, None, False)


async def test_rows_that_cannot_be_read_make_the_total_unknown() -> None:
    answer = await found(FakeResults([a_batch(1)], skipped=1), sort="last_change")

    assert (answer.total_count, answer.skipped) == (None, 1)


async def test_without_such_a_filter_the_source_pages_and_counts() -> None:
    answer = await found(FakeResults([a_batch(number) for number in range(7)]), limit=3, offset=3)

    assert (numbers(answer), answer.total_count, answer.has_more) == ([3, 2, 1], 7, True)


def test_a_class_and_none_contradict_each_other() -> None:
    with pytest.raises(ValidationError, match="no_class"):
        DashboardQuery.model_validate({"class_id": a_class(1).id, "no_class": True})
