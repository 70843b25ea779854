"""Every action in every state of the truth table: allowed, or refused for a reason."""

from typing import Any

import pytest

from bff_core.errors import Conflict
from services.bff_teacher.confirmations.upload import BatchRecord
from services.bff_teacher.contracts.files import LockStatus
from services.bff_teacher.screens.rows.batches import action_dtos, require_allowed
from services.bff_teacher.truth.actions import refusals_of
from services.bff_teacher.truth.facts import UNKNOWN, BatchTruth, Matching
from tests.unit.bff_teacher.fakes import a_batch, batch_id
from tests.unit.bff_teacher.state_fakes import NOON, phases
from tests.unit.bff_teacher.truth_scenario import (
    BAD,
    CJ,
    CJ_DONE,
    CJ_RUNS,
    FINISHED,
    FOUR,
    GOOD,
    REGISTERED,
    SPELLCHECKED,
    WAITING,
    truth,
)

FAILED_ROW = a_batch(1, overall_status="failed", essays=(BAD,) * 4, **FOUR)
PARTLY = a_batch(
    1, overall_status="completed_with_failures", essays=(GOOD, GOOD, GOOD, BAD), **FOUR
)
SPELLCHECK_FAILED = phases(*CJ, spellcheck="failed", cj_assessment="pending_dependencies")
CJ_FAILED = phases(*CJ, spellcheck="completed_successfully", cj_assessment="failed")
RETRIED = phases(*CJ, spellcheck="requested_by_user", cj_assessment="pending_dependencies")
LOCK = LockStatus(locked=True, current_phase="spellcheck", phase_status="dispatch_initiated")
OPEN = (None, None, "nothing_to_review", None, "nothing_to_retry", "not_finished")
RUNS = ("processing",) * 5 + ("not_finished",)
DONE = ("locked", "locked", "nothing_to_review", "already_done", "nothing_to_retry", None)
UNSAID = ("state_unknown",) * 5 + ("not_finished",)
FULL = "files_complete"

# In the order upload_files, remove_files, review_matches, start, retry, export.
TABLE = {
    "registered, uploading, matching or ready without a class": (truth(REGISTERED, phases()), OPEN),
    "unknown to the orchestrator": (truth(REGISTERED, None), OPEN),
    "in review": (
        truth(REGISTERED, phases(), cms=WAITING),
        (FULL, FULL, None, "awaiting_review", "nothing_to_retry", "not_finished"),
    ),
    "perhaps timed out": (
        truth(REGISTERED, phases(), cms=Matching(total=4, pending=None, since=NOON)),
        (FULL, FULL, None, "awaiting_review", "nothing_to_retry", "not_finished"),
    ),
    "confirmed by the teacher": (
        truth(REGISTERED, phases(), cms=WAITING, ledger=NOON),
        (FULL, FULL, "already_confirmed", None, "nothing_to_retry", "not_finished"),
    ),
    "timed out": (
        truth(REGISTERED, phases(), cms=Matching(total=4, pending=0)),
        (FULL, FULL, "nothing_to_review", None, "nothing_to_retry", "not_finished"),
    ),
    "spellcheck runs": (truth(REGISTERED, phases(*CJ, spellcheck="dispatch_initiated")), RUNS),
    "assessment runs or is stuck": (truth(SPELLCHECKED, CJ_RUNS), RUNS),
    "second pipeline": (truth(FINISHED, phases("nlp", nlp="dispatch_initiated")), RUNS),
    "done": (truth(FINISHED, CJ_DONE), DONE),
    "done, in a list": (truth(FINISHED), DONE),
    "partly failed": (
        truth(PARTLY, phases(spellcheck="completed_successfully")),
        ("locked", "locked", "nothing_to_review", "already_done", None, None),
    ),
    "first phase failed": (
        truth(FAILED_ROW, SPELLCHECK_FAILED),
        (FULL, FULL, "nothing_to_review", "already_done", None, None),
    ),
    "later phase failed": (
        truth(SPELLCHECKED, CJ_FAILED),
        ("locked", "locked", "nothing_to_review", "already_done", None, None),
    ),
    "retried": (
        truth(FAILED_ROW, RETRIED),
        (FULL, FULL, "nothing_to_review", "retried", None, "not_finished"),
    ),
    "cancelled": (
        truth(a_batch(1, overall_status="cancelled"), phases()),
        ("cancelled", "cancelled", "nothing_to_review", "cancelled", "cancelled", "not_finished"),
    ),
    "without phases": (truth(REGISTERED), UNSAID),
    "without phases, but locked": (truth(REGISTERED, file=LOCK), RUNS),
    "without matches": (truth(REGISTERED, phases(), cms=UNKNOWN), UNSAID),
    "without the ledger": (truth(REGISTERED, phases(), cms=WAITING, ledger=UNKNOWN), UNSAID),
}


OURS: dict[str, Any] = {"is_ours": True, "expected": 4}
READY_CLASS = BatchRecord(**OURS, class_id="c-1", files=4, sure_files=4)
# What our own record adds before the first phase: upload_files, remove_files, start.
RECORDS = {
    "nothing sent": (BatchRecord(**OURS), (None, "no_files", "files_missing")),
    "some sent": (BatchRecord(**OURS, files=3, sure_files=3), (None, None, "files_missing")),
    "one in doubt": (BatchRecord(**OURS, files=4, sure_files=3), (None, None, None)),
    "all sent": (BatchRecord(**OURS, files=4, sure_files=4), ("files_complete", None, None)),
    "all sent, with a class": (READY_CLASS, ("files_complete", None, "matching")),
    "made elsewhere": (BatchRecord(files=1, sure_files=1), (None, None, None)),
}


@pytest.mark.parametrize(("record", "expected"), RECORDS.values(), ids=RECORDS)
def test_what_was_sent_from_here_counts_before_the_first_phase(
    record: BatchRecord, expected: tuple[str | None, ...]
) -> None:
    state = truth(REGISTERED, phases(), record=record)

    found = refusals_of(state)

    assert (found["upload_files"], found["remove_files"], found["start"]) == expected


def test_what_was_sent_from_here_counts_no_longer_once_matches_are_there() -> None:
    short = BatchRecord(**OURS, class_id="c-1", files=1, sure_files=1)

    assert (
        refusals_of(truth(REGISTERED, phases(), cms=WAITING, ledger=NOON, record=short))["start"]
        is None
    )


@pytest.mark.parametrize(("state", "expected"), TABLE.values(), ids=TABLE)
def test_each_action_is_allowed_or_refused_for_a_reason(
    state: BatchTruth, expected: tuple[str | None, ...]
) -> None:
    assert tuple(refusals_of(state).values()) == (*expected, None)


@pytest.mark.parametrize("state", [state for state, _ in TABLE.values()], ids=TABLE)
def test_what_is_shown_and_what_is_refused_agree(state: BatchTruth) -> None:
    for action in action_dtos(batch_id(1), state):
        refusal = None
        try:
            require_allowed(action.name, state)
        except Conflict as error:
            refusal = error.details["reason"]

        assert (action.allowed, action.reason) == (refusal is None, refusal)


def test_every_action_names_its_request() -> None:
    shown = action_dtos(batch_id(1), truth(REGISTERED, phases()))

    base = f"/bff/v1/teacher/batches/{batch_id(1)}"
    assert [(one.name, one.method, one.href.removeprefix(base)) for one in shown] == [
        ("upload_files", "POST", "/files"),
        ("remove_files", "DELETE", "/files/{file_upload_id}"),
        ("review_matches", "POST", "/associations/confirm"),
        ("start", "POST", "/pipelines"),
        ("retry", "POST", "/phases/{phase}/retry"),
        ("export", "GET", "/results.csv"),
        ("set_title", "PUT", "/title"),
    ]
