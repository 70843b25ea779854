"""What is worked out of kept values is worked out once, and again when one of them is another."""

import pytest

from bff_core.composition import Fetched
from services.bff_teacher.contracts.ras import BatchPage, Pagination
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery
from services.bff_teacher.screens.batch_row import rows_of
from services.bff_teacher.screens.dashboard import Beside, Named, render
from services.bff_teacher.screens.derived import derived
from tests.unit.bff_teacher.fakes import ANNA, a_batch, a_context


class Work:
    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> int:
        self.done += 1
        return self.done


def a_page() -> BatchPage:
    return BatchPage(batches=(a_batch(1),), pagination=Pagination(20, 0, 1))


def test_the_same_values_are_worked_on_once() -> None:
    work, page, others = Work(), a_page(), ({"a": 1}, {"b": 2})

    results = [derived("sum", work, page, *others) for _ in range(3)]

    assert (results, work.done) == ([1, 1, 1], 1)


def test_equal_values_are_as_good_as_the_same_and_others_are_not() -> None:
    work, page = Work(), a_page()

    results = [derived("sum", work, page, {"a": value}) for value in (1, 1, 2, 2, 1)]

    assert results == [1, 1, 2, 2, 3]


def test_one_source_more_is_worked_on_again() -> None:
    work, page = Work(), a_page()

    results = [derived("sum", work, page, *others) for others in ((), (None,), ())]

    assert results == [1, 2, 3]


def test_names_and_holders_do_not_share_results() -> None:
    work, page = Work(), a_page()

    results = [
        derived("sum", work, page),
        derived("other", work, page),
        derived("sum", work, a_page()),
    ]

    assert results == [1, 2, 3]


def test_a_result_of_none_is_kept_too() -> None:
    page, calls = a_page(), []

    results = [derived("nothing", lambda: calls.append(1), page) for _ in range(2)]

    assert (results, calls) == ([None, None], [1])


def test_a_page_shows_each_owner_their_own_rows() -> None:
    page = Fetched(a_page(), age=1.0)

    assert [len(rows_of(page, owner)) for owner in (ANNA, "berit-2", ANNA)] == [1, 0, 1]


@pytest.mark.parametrize(("age", "kept"), [(0.0, False), (3.0, True)])
def test_rows_are_kept_with_a_page_that_is_read_again(age: float, kept: bool) -> None:
    page, beside = Fetched(a_page(), age), Beside(None, None, None)

    rows, again = (rows_of(page, ANNA) for _ in range(2))
    named = Named(page, rows, None)
    first, second = (render(a_context(), DashboardQuery(), named, beside) for _ in range(2))

    assert (rows, first) == (again, second)
    assert {rows is again, first.batches[0] is second.batches[0]} == {kept}


def test_what_is_worked_out_is_no_part_of_a_page() -> None:
    page = a_page()

    rows_of(Fetched(page, age=1.0), ANNA)

    assert page == a_page()
