import pytest
from pydantic import ValidationError

from services.bff_teacher.contracts.ras import FILTER_WORDS
from services.bff_teacher.dto.batch_status_v1 import MERGED_STATUSES, StatusFilterV1
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery


def test_every_status_has_internal_statuses_to_filter_by() -> None:
    assert set(FILTER_WORDS) == {word.value for word in StatusFilterV1}


def test_merged_statuses_are_those_with_several_internal_ones() -> None:
    assert {word for word, internal in FILTER_WORDS.items() if len(internal) > 1} == MERGED_STATUSES


@pytest.mark.parametrize("status", sorted(MERGED_STATUSES))
def test_merged_status_reaches_no_deeper_than_500(status: str) -> None:
    DashboardQuery(limit=100, offset=400, status=StatusFilterV1(status))

    with pytest.raises(ValidationError) as caught:
        DashboardQuery(limit=100, offset=401, status=StatusFilterV1(status))

    assert [fault["loc"] for fault in caught.value.errors()] == [("offset",)]


def test_other_status_reaches_deeper() -> None:
    assert DashboardQuery(limit=100, offset=5000, status=StatusFilterV1.READY).offset == 5000
