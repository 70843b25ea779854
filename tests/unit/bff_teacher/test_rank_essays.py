import math

import pytest

from services.bff_teacher.contracts.ras import EssayRecord
from services.bff_teacher.dto.essay_result_v1 import EssayResultV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.screens.rows.essays import (
    RankedEssay,
    count_ranked,
    essay_dto,
    rank_essays,
)
from tests.unit.bff_teacher.screen_fakes import a_match, an_essay, essay_id


def scored(*scores: float | None) -> list[EssayRecord]:
    return [an_essay(number, cj_score=score) for number, score in enumerate(scores)]


def ranks(essays: list[EssayRecord]) -> list[tuple[str, int | None]]:
    return [(row.essay.essay_id[-3:], row.rank) for row in rank_essays(essays)]


def as_dto(row: RankedEssay, *match: object) -> EssayResultV1:
    return essay_dto(EssayResultV1, row, match[0] if match else None, LanguageV1.ENGLISH)  # type: ignore[arg-type]


def test_ranks_are_dense_by_score_and_may_be_of_negative_scores() -> None:
    essays = scored(-2.5, 1.5, -0.5, 1.5)

    assert ranks(essays) == [("001", 1), ("003", 1), ("002", 2), ("000", 3)]


@pytest.mark.parametrize("none", [None, math.nan, math.inf, -math.inf])
def test_essay_without_a_score_has_no_rank_and_stands_last(none: float | None) -> None:
    rows = rank_essays(scored(none, -9.0))

    assert [row.rank for row in rows] == [1, None]
    assert as_dto(rows[1]).cj_score is None


def test_zero_on_the_last_place_means_no_score_and_any_other_zero_is_one() -> None:
    essays = [
        an_essay(1, cj_score=0.0, cj_rank=999),
        an_essay(2, cj_score=0.0, cj_rank=4),
        an_essay(3, cj_score=-1.0, cj_rank=999),
    ]

    rows = rank_essays(essays)

    assert ranks(essays) == [("002", 1), ("003", 2), ("001", None)]
    assert count_ranked(rows) == 2
    shown = [(dto.cj_score, dto.cj_rank) for dto in map(as_dto, rows)]
    assert shown == [(0.0, 4), (-1.0, 999), (None, None)]


def test_equal_ranks_stand_by_file_name_and_nameless_ones_last() -> None:
    essays = [
        an_essay(1, filename=None),
        an_essay(2, filename="åsa.docx"),
        an_essay(3, filename="Bo.docx"),
        an_essay(4, filename="anna.docx"),
        an_essay(5, filename="anna.docx"),
    ]

    assert [number for number, _ in ranks(essays)] == ["004", "005", "003", "002", "001"]


def test_order_does_not_depend_on_the_order_of_the_source() -> None:
    essays = scored(0.5, None, -1.0, 0.5, 3.0)

    assert ranks(essays) == ranks(essays[::-1])


def test_essay_that_is_there_twice_or_cannot_be_named_is_shown_at_most_once() -> None:
    essays = [an_essay(1), an_essay(1), an_essay(2, essay_id="legacy-2")]

    assert len(rank_essays(essays)) == 1


def test_student_is_marked_as_suggested() -> None:
    student = as_dto(RankedEssay(an_essay(1), None, None), a_match(1, 7, "Örjan", "Öst")).student

    assert student is not None
    assert (student.first_name, student.last_name, student.status) == ("Örjan", "Öst", "suggested")


@pytest.mark.parametrize("name", [("UNKNOWN", "STUDENT")])
def test_placeholder_is_not_shown_as_a_student(name: tuple[str, str]) -> None:
    assert as_dto(RankedEssay(an_essay(1), None, None), a_match(1, 7, *name)).student is None


def test_student_whose_name_is_nearly_the_placeholder_s_is_shown() -> None:
    student = as_dto(
        RankedEssay(an_essay(1), None, None), a_match(1, 7, "Unknown", "Student")
    ).student

    assert student is not None


def test_no_essays_are_no_rows() -> None:
    assert rank_essays([]) == []


def test_ids_leave_as_they_came() -> None:
    assert str(as_dto(RankedEssay(an_essay(1), 1.0, 1)).essay_id) == essay_id(1)
