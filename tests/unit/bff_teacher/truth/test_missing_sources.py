"""Without a source the state holds what the others say, and nothing else."""

import pytest

from services.bff_teacher.contracts.files import LockStatus
from services.bff_teacher.contracts.ras import BatchSummary, EssayStage
from services.bff_teacher.truth.facts import UNKNOWN
from tests.unit.bff_teacher.fakes import a_batch
from tests.unit.bff_teacher.state_fakes import NOON, phases
from tests.unit.bff_teacher.truth_scenario import (
    BAD,
    CJ_RUNS,
    ENDED,
    FINISHED,
    FOUR,
    GOOD,
    REGISTERED,
    SPELLCHECKED,
    WAITING,
    said,
    truth,
)


@pytest.mark.parametrize("row", [REGISTERED, SPELLCHECKED])
def test_without_phases_an_unfinished_batch_has_no_status(row: BatchSummary) -> None:
    found = truth(row)

    assert said(found) == (None, None, None)
    assert (found.phases, found.is_final, found.needs_attention) == (None, False, None)


def test_without_phases_the_file_service_names_a_running_phase() -> None:
    lock = LockStatus(locked=True, current_phase="spellcheck", phase_status="dispatch_initiated")

    assert said(truth(REGISTERED, file=lock)) == ("processing", "files", "spellcheck")


def test_without_phases_a_finished_batch_is_finished() -> None:
    assert said(truth(FINISHED)) == ("completed_successfully", "ras", None)


def test_batch_that_the_orchestrator_does_not_know_stands_as_ras_says() -> None:
    assert said(truth(SPELLCHECKED, None)) == ("completed_successfully", "ras", None)
    assert said(truth(REGISTERED, None)) == ("not_started", "bos", None)


def test_without_cms_it_is_unknown_what_a_batch_waits_for() -> None:
    found = truth(REGISTERED, phases(), cms=UNKNOWN)

    assert said(found) == (None, None, None)
    assert (found.attention, found.needs_attention) == (None, None)


def test_without_the_ledger_it_is_unknown_whether_matches_still_wait() -> None:
    found = truth(REGISTERED, phases(), cms=WAITING, ledger=UNKNOWN)

    assert said(found) == (None, None, None)
    assert (found.attention, found.needs_attention) == (None, None)


def test_without_cms_a_confirmation_in_the_ledger_counts() -> None:
    assert said(truth(REGISTERED, phases(), cms=UNKNOWN, ledger=NOON)) == ("ready", "ledger", None)


@pytest.mark.parametrize(
    ("listed", "completed", "failed", "counts"),
    [
        ((), 0, 0, (0, 0)),
        ((), 3, 1, (3, 1)),
        ((GOOD, BAD), 0, 0, (1, 1)),
        ((GOOD, GOOD), 3, 1, (3, 1)),
        ((GOOD, BAD), 4, 0, (3, 1)),
    ],
)
def test_essays_are_counted_one_by_one_and_only_others_as_ras_counts_them(
    listed: tuple[EssayStage, ...], completed: int, failed: int, counts: tuple[int, int]
) -> None:
    row = a_batch(
        1,
        overall_status="completed_with_failures",
        essays=listed,
        completed_essay_count=completed,
        failed_essay_count=failed,
        **FOUR,
    )

    found = truth(row, CJ_RUNS)

    assert (found.completed_essays, found.failed_essays) == counts


@pytest.mark.parametrize("expected", [0, -1])
def test_no_percentage_of_no_essays(expected: int) -> None:
    row = a_batch(1, essay_count=expected, processing_completed_at=ENDED)

    assert truth(row).progress_percent is None
