import itertools

import pytest

from services.bff_teacher.contracts.ras import ErrorDetail
from services.bff_teacher.dto.failure_v1 import CauseV1, PhaseV1
from services.bff_teacher.dto.language_v1 import LanguageV1
from services.bff_teacher.screens.failure_texts import (
    CAUSE_TEXTS,
    PHASE_TEXTS,
    count_failures,
    failures_of,
    language_of,
)
from tests.unit.bff_teacher.screen_fakes import an_essay

ENGLISH, SWEDISH = LanguageV1


def test_every_cause_and_phase_has_words_in_every_language() -> None:
    for language in LanguageV1:
        assert set(PHASE_TEXTS[language]) == set(PhaseV1)
        assert set(CAUSE_TEXTS[language]) == set(CauseV1)
        assert len(set(CAUSE_TEXTS[language].values())) == len(CauseV1)


def test_no_words_are_the_same_in_two_languages() -> None:
    for one, other in itertools.combinations(LanguageV1, 2):
        assert set(CAUSE_TEXTS[one].values()).isdisjoint(CAUSE_TEXTS[other].values())


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("EMPTY_CONTENT", CauseV1.EMPTY),
        ("ENCRYPTED_FILE_UNSUPPORTED", CauseV1.ENCRYPTED),
        ("CONTENT_SERVICE_ERROR", CauseV1.STORAGE),
        ("TIMEOUT", CauseV1.LATE),
        ("SOMETHING_NEW", CauseV1.UNKNOWN),
        ("<script>", CauseV1.UNKNOWN),
        (None, CauseV1.UNKNOWN),
    ],
)
def test_code_becomes_a_cause_and_never_leaves(code: str | None, cause: CauseV1) -> None:
    essay = an_essay(1, spellcheck_status="failed", spellcheck_error_detail=ErrorDetail(code))

    (failure,) = failures_of(essay, ENGLISH)

    assert (failure.phase, failure.cause) == (PhaseV1.SPELLCHECK, cause)
    assert code is None or code not in failure.message


def test_failed_status_without_a_detail_is_a_failure() -> None:
    (failure,) = failures_of(an_essay(1, spellcheck_status="failed"), SWEDISH)

    assert failure.message == "Stavningen kontrollerades inte: orsaken är inte känd."


def test_failed_comparison_leaves_only_its_error() -> None:
    essay = an_essay(1, cj_assessment_error_detail=ErrorDetail("LLM_PROVIDER_SERVICE_ERROR"))

    (failure,) = failures_of(essay, ENGLISH)

    assert (failure.phase, failure.cause) == (PhaseV1.CJ_ASSESSMENT, CauseV1.SERVICE)


def test_essay_without_trouble_has_no_failures() -> None:
    assert failures_of(an_essay(1, spellcheck_status="completed"), ENGLISH) == []


def test_equal_failures_are_counted_by_phase_and_the_commonest_first() -> None:
    def of(number: int, code: str) -> list[object]:
        essay = an_essay(
            number,
            spellcheck_error_detail=ErrorDetail(code),
            cj_assessment_error_detail=ErrorDetail("TIMEOUT"),
        )
        return list(failures_of(essay, ENGLISH))

    found = [*of(1, "TIMEOUT"), *of(2, "EMPTY_CONTENT"), *of(3, "EMPTY_CONTENT")]

    assert [(one.phase, one.cause, one.essay_count) for one in count_failures(found)] == [  # type: ignore[arg-type]
        ("spellcheck", "empty", 2),
        ("spellcheck", "late", 1),
        ("cj_assessment", "late", 3),
    ]


def test_language_is_english_unless_swedish_is_asked_for() -> None:
    assert [language_of(header) for header in ("", "de", "sv-SE,sv;q=0.9,en;q=0.8")] == [
        ENGLISH,
        ENGLISH,
        SWEDISH,
    ]
