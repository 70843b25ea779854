"""One test a situation of the platform, named after it."""

from datetime import UTC, timedelta

import pytest

from services.bff_teacher.truth.facts import Matching
from tests.unit.bff_teacher.fakes import a_batch
from tests.unit.bff_teacher.state_fakes import NOON, phases
from tests.unit.bff_teacher.truth_scenario import (
    BAD,
    CJ,
    CJ_DONE,
    CJ_RUNS,
    ENDED,
    FINISHED,
    FOUR,
    GOOD,
    RANKED,
    REGISTERED,
    SPELLCHECKED,
    WAITING,
    said,
    truth,
)


@pytest.mark.parametrize(
    "situation",
    [
        "registered",
        "uploading",
        "a file failed, or too few files",
        "waiting for matching: NLP not done",
        "no row for any essay",
        "ready, without a class",
    ],
)
def test_before_the_first_phase_no_source_tells_what_a_batch_waits_for(situation: str) -> None:
    found = truth(REGISTERED, phases())

    assert said(found) == ("not_started", "bos", None), situation
    assert (found.attention, found.needs_attention, found.is_final) == (None, False, False)
    assert found.progress_percent is None


def test_waiting_for_a_person() -> None:
    found = truth(REGISTERED, phases(), cms=WAITING)

    assert said(found) == ("awaiting_review", "cms", None)
    assert found.needs_attention
    assert found.attention is not None
    assert (found.attention.pending, found.attention.unmatched) == (3, 1)
    assert found.attention.auto_confirm_from == NOON + timedelta(hours=24)
    assert found.attention.auto_confirm_by == NOON + timedelta(hours=25)
    assert found.attention.confirmed_at is None


def test_confirmed_by_the_teacher_although_cms_still_counts_it() -> None:
    found = truth(REGISTERED, phases(), cms=WAITING, ledger=NOON)

    assert said(found) == ("ready", "ledger", None)
    assert found.needs_attention is False
    assert found.attention is not None
    assert (found.attention.pending, found.attention.confirmed_at) == (0, NOON)
    assert found.attention.auto_confirm_from is None


def test_timed_out() -> None:
    found = truth(REGISTERED, phases(), cms=Matching(total=4, pending=0))

    assert said(found) == ("ready", "cms", None)
    assert (found.attention, found.needs_attention) == (None, False)


def test_timed_out_after_a_person_s_confirmation() -> None:
    found = truth(REGISTERED, phases(), cms=Matching(total=4, pending=0), ledger=NOON)

    assert said(found) == ("ready", "ledger", None)


def test_may_have_timed_out_within_the_last_hour() -> None:
    found = truth(REGISTERED, phases(), cms=Matching(total=4, pending=None, since=NOON))

    assert said(found) == ("awaiting_review", "cms", None)
    assert found.needs_attention
    assert found.attention is not None
    assert found.attention.pending is None


def test_spellcheck_running() -> None:
    uploaded = a_batch(1, overall_status="pending_content", essays=(GOOD, BAD, GOOD), **FOUR)

    found = truth(uploaded, phases(*CJ, spellcheck="dispatch_initiated"), cms=WAITING)

    assert said(found) == ("processing", "bos", "spellcheck")
    assert found.progress_percent == 75
    assert (found.attention, found.needs_attention) == (None, False)
    assert found.phases is not None
    # Orchestrator's time of dispatch is not the end of the phase.
    assert [(one.name, one.status, one.completed_at) for one in found.phases] == [
        ("spellcheck", "running", None)
    ]


def test_cj_running_while_ras_says_completed() -> None:
    found = truth(SPELLCHECKED, CJ_RUNS)

    assert said(found) == ("processing", "bos", "cj_assessment")
    assert (found.is_final, found.progress_percent, found.completed_at) == (False, None, None)


def test_between_two_phases() -> None:
    between = phases(*CJ, spellcheck="completed_successfully", cj_assessment="pending_dependencies")

    assert said(truth(SPELLCHECKED, between)) == ("processing", "bos", None)


def test_done() -> None:
    found = truth(FINISHED, CJ_DONE)

    assert said(found) == ("completed_successfully", "ras", None)
    assert (found.is_final, found.progress_percent) == (True, 100)
    assert found.completed_at == ENDED.replace(tzinfo=UTC)


def test_done_before_ras_has_heard_of_the_end() -> None:
    heard = truth(a_batch(1, overall_status="failed", essays=(RANKED, BAD), **FOUR), CJ_DONE)
    unheard = truth(SPELLCHECKED, CJ_DONE)

    assert said(heard) == ("completed_with_failures", "bos", None)
    assert (heard.is_final, heard.completed_at) == (True, NOON)
    assert said(unheard) == ("processing", "bos", None)


def test_partly_failed_whatever_ras_counts_after_the_end() -> None:
    essays = (RANKED, RANKED, RANKED, BAD)
    rows = [
        a_batch(
            1,
            overall_status="completed_with_failures",
            essays=essays,
            completed_essay_count=3,
            failed_essay_count=1,
            **FOUR,
        ),
        a_batch(
            1,
            overall_status="completed_successfully",
            essays=essays,
            completed_essay_count=4,
            processing_completed_at=ENDED,
            **FOUR,
        ),
    ]

    for row in rows:
        found = truth(row, CJ_DONE)
        assert found.status == "completed_with_failures"
        assert (found.completed_essays, found.failed_essays) == (3, 1)
        assert found.needs_attention


def test_phase_failed() -> None:
    row = a_batch(1, overall_status="failed", essays=(BAD,) * 4, **FOUR)

    found = truth(row, phases(*CJ, spellcheck="failed", cj_assessment="pending_dependencies"))

    assert said(found) == ("failed", "bos", None)
    assert (found.is_final, found.needs_attention, found.failed_essays) == (True, True, 4)


def test_cj_failed_while_ras_says_completed() -> None:
    failed = phases(*CJ, spellcheck="completed_successfully", cj_assessment="failed")

    assert said(truth(SPELLCHECKED, failed)) == ("failed", "bos", None)


def test_cj_hard_failure_is_a_phase_that_runs_for_ever() -> None:
    assert said(truth(SPELLCHECKED, CJ_RUNS)) == ("processing", "bos", "cj_assessment")


def test_cancelled() -> None:
    row = a_batch(1, overall_status="cancelled")

    assert said(truth(row, phases())) == ("cancelled", "ras", None)


def test_retried() -> None:
    row = a_batch(1, overall_status="failed", essays=(BAD,) * 4, **FOUR)
    again = phases(*CJ, spellcheck="requested_by_user", cj_assessment="pending_dependencies")

    found = truth(row, again)

    assert said(found) == ("retried", "bos", None)
    assert found.phases is not None
    assert [one.status for one in found.phases] == ["retried", "waiting"]


def test_retried_with_results() -> None:
    again = phases("spellcheck", spellcheck="requested_by_user")

    assert said(truth(SPELLCHECKED, again)) == ("completed_successfully", "ras", None)


def test_started_again_after_failure() -> None:
    row = a_batch(1, overall_status="failed", essays=(BAD,) * 4, **FOUR)
    running = phases(*CJ, spellcheck="failed", cj_assessment="dispatch_initiated")
    done = phases(*CJ, spellcheck="failed", cj_assessment="completed_successfully")

    assert said(truth(row, running)) == ("processing", "bos", "cj_assessment")
    ranked = a_batch(1, overall_status="completed_successfully", essays=(RANKED,) * 4, **FOUR)
    assert said(truth(ranked, done)) == ("completed_successfully", "bos", None)


def test_denied_after_the_202_changes_nothing() -> None:
    assert said(truth(REGISTERED, phases())) == ("not_started", "bos", None)


def test_second_pipeline_after_the_end() -> None:
    second = phases("nlp", spellcheck="completed_successfully", nlp="dispatch_initiated")

    found = truth(FINISHED, second)

    assert said(found) == ("processing", "bos", "nlp")
    assert (found.is_final, found.completed_at) == (False, None)
