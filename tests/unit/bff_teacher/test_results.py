"""Statistics say what the scores say, and nothing before the end."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bff_teacher.dto.results_v1 import ResultStatisticsV1
from services.bff_teacher.screens.rows.essays import rank_essays
from services.bff_teacher.screens.rows.results import statistics_of
from tests.unit.bff_teacher.screen_fakes import an_essay

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def told(scores: Sequence[float | None], *, is_final: bool = True) -> ResultStatisticsV1 | None:
    essays = [an_essay(number, cj_score=score) for number, score in enumerate(scores)]
    return statistics_of(rank_essays(essays), is_final=is_final)


def test_known_scores_have_known_statistics() -> None:
    answer = told([-1.0, 0.0, None, 0.5, 2.5, math.nan])

    assert answer is not None
    assert (answer.count, answer.mean, answer.median) == (4, 0.5, 0.25)
    assert answer.spread == pytest.approx(1.274754878)
    assert [(one.lower, one.upper, one.count) for one in answer.distribution] == [
        (-1.0, pytest.approx(1 / 6), 2),
        (pytest.approx(1 / 6), pytest.approx(4 / 3), 1),
        (pytest.approx(4 / 3), 2.5, 1),
    ]


@pytest.mark.parametrize("scores", [[], [None], [math.nan, math.inf]])
def test_without_a_score_there_are_none(scores: list[float | None]) -> None:
    assert told(scores) is None


def test_before_the_end_there_are_none() -> None:
    assert told([0.5, 0.7], is_final=False) is None


def test_a_zero_that_stands_for_no_score_is_not_counted() -> None:
    essays = [an_essay(1, cj_score=0.0, cj_rank=999), an_essay(2, cj_score=0.0, cj_rank=3)]

    answer = statistics_of(rank_essays(essays), is_final=True)

    assert answer is not None
    assert answer.count == 1


@given(st.lists(FINITE, min_size=1, max_size=60))
def test_every_score_is_in_one_interval_and_all_numbers_are_finite(scores: list[float]) -> None:
    answer = told(scores)

    assert answer is not None
    assert answer.count == len(scores) == sum(one.count for one in answer.distribution)
    assert min(scores) <= answer.mean <= max(scores)
    assert min(scores) <= answer.median <= max(scores)
    assert math.isfinite(answer.spread)
    assert answer.spread >= 0
    edges = [one.lower for one in answer.distribution] + [answer.distribution[-1].upper]
    assert edges == sorted(edges)
    assert (edges[0], edges[-1]) == (min(scores), max(scores))
