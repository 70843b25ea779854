"""Every row of the truth table that only events can tell."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bff_core.errors import Conflict
from services.bff_teacher.contracts.bos import PhaseState, PhaseStates
from services.bff_teacher.events.model import BatchEvents, Denial, Matches, Outcome
from services.bff_teacher.screens.rows.batches import denial_dto, require_allowed
from services.bff_teacher.truth.actions import refusals_of
from services.bff_teacher.truth.facts import UNKNOWN, Matching
from tests.unit.bff_teacher.state_fakes import NOON, phases
from tests.unit.bff_teacher.truth_scenario import (
    BAD,
    CJ,
    CJ_DONE,
    CJ_RUNS,
    FINISHED,
    GOOD,
    REGISTERED,
    SPELLCHECKED,
    WAITING,
    truth,
)

LATER, DAY = NOON + timedelta(hours=1), timedelta(days=1)
GUEST = BatchEvents(expected=4, has_class=False)
CLASS = BatchEvents(expected=4, has_class=True)
COMPLETE = replace(CLASS, placed=4, complete_at=NOON)
DENIED = Denial("cj_assessment", "insufficient_credits", NOON)

# Events and CMS to status, source, and what the batch waits for.
BEFORE_START: dict[str, tuple[BatchEvents, Any, tuple[Any, Any, Any]]] = {
    "nothing was heard": (BatchEvents(), None, ("not_started", "bos", None)),
    "files are missing": (replace(GUEST, placed=3), None, ("not_started", "events", "files")),
    "a file failed": (
        replace(GUEST, placed=3, rejected=1),
        None,
        ("not_started", "events", "files"),
    ),
    "all files, the event of it still to come": (
        replace(GUEST, placed=4),
        None,
        ("not_started", "bos", None),
    ),
    "complete without a class": (replace(GUEST, complete_at=NOON), None, ("ready", "events", None)),
    "complete, and nobody knows of a class": (
        BatchEvents(complete_at=NOON),
        None,
        ("not_started", "bos", None),
    ),
    "matching has begun": (COMPLETE, None, ("not_started", "events", "matching")),
    "matched, before CMS has rows": (
        replace(COMPLETE, matches=Matches(4, 2)),
        None,
        ("not_started", "events", "matching"),
    ),
    "a person has to decide": (
        replace(COMPLETE, matches=Matches(4, 3)),
        WAITING,
        ("awaiting_review", "cms", None),
    ),
    "nobody was matched": (
        replace(COMPLETE, matches=Matches(4, 0)),
        None,
        ("not_started", "events", "no_matches"),
    ),
    "nobody was matched, and CMS is away": (
        replace(COMPLETE, matches=Matches(4, 0)),
        UNKNOWN,
        ("not_started", "events", "no_matches"),
    ),
    "somebody was matched, and CMS is away": (
        replace(COMPLETE, matches=Matches(4, 3)),
        UNKNOWN,
        (None, None, None),
    ),
    "confirmed elsewhere": (
        replace(COMPLETE, confirmed_at=NOON),
        WAITING,
        ("ready", "events", None),
    ),
    "confirmed elsewhere, and CMS is away": (
        replace(COMPLETE, confirmed_at=NOON),
        UNKNOWN,
        ("ready", "events", None),
    ),
    "timed out": (replace(COMPLETE, auto_confirmed_at=NOON), WAITING, ("ready", "events", None)),
    "ready by the event alone": (BatchEvents(ready_at=NOON), WAITING, ("ready", "events", None)),
}


@pytest.mark.parametrize("name", BEFORE_START)
def test_before_the_first_phase_events_tell_what_no_route_does(name: str) -> None:
    events, cms, expected = BEFORE_START[name]

    found = truth(REGISTERED, phases(), cms=cms, events=events)

    assert (found.status, found.status_source, found.waits_for) == expected


def test_missing_files_are_counted() -> None:
    found = truth(REGISTERED, phases(), events=replace(GUEST, placed=3, rejected=2))

    assert (found.placed_files, found.rejected_files, found.needs_attention) == (3, 2, True)
    # An event may have been lost, so it hinders nobody.
    assert refusals_of(found)["start"] is None


def test_a_batch_that_is_not_short_of_files_has_no_counts() -> None:
    found = truth(REGISTERED, phases(), events=replace(COMPLETE, rejected=2))

    assert (found.placed_files, found.rejected_files, found.needs_attention) == (None, None, False)


@pytest.mark.parametrize("matches", [None, Matches(4, 0)])
def test_while_matching_waits_neither_files_nor_a_start_help(matches: Matches | None) -> None:
    found = truth(REGISTERED, phases(), events=replace(COMPLETE, matches=matches))

    refusals = refusals_of(found)
    why = "matching" if matches is None else "no_matches"
    assert (refusals["upload_files"], refusals["start"]) == ("files_complete", why)
    with pytest.raises(Conflict) as refused:
        require_allowed("start", found)
    assert refused.value.details == {"reason": why}
    assert found.needs_attention is (matches is not None)


def test_the_own_record_of_a_confirmation_comes_first() -> None:
    events = replace(COMPLETE, confirmed_at=LATER)

    found = truth(REGISTERED, phases(), cms=WAITING, ledger=NOON, events=events)

    assert (found.status, found.status_source) == ("ready", "ledger")
    assert found.attention is not None
    assert found.attention.confirmed_at == NOON


def test_a_persons_decision_outlives_the_timer() -> None:
    events = replace(COMPLETE, confirmed_at=NOON, auto_confirmed_at=LATER)

    found = truth(REGISTERED, phases(), cms=WAITING, ledger=UNKNOWN, events=events)

    assert found.attention is not None
    assert (found.attention.confirmed_at, found.attention.pending) == (NOON, 0)


def test_after_the_timer_no_match_waits() -> None:
    events = replace(COMPLETE, auto_confirmed_at=NOON)

    found = truth(REGISTERED, phases(), cms=Matching(3, None, NOON), events=events)

    assert (found.attention, found.attention_known) == (None, True)


def cj_started(at: Any) -> PhaseStates:
    return PhaseStates(
        requested_pipelines=CJ,
        spellcheck=PhaseState(status="completed_successfully", completed_at=NOON),
        cj_assessment=PhaseState(status="dispatch_initiated", started_at=at),
    )


@pytest.mark.parametrize("started_at", [None, NOON])
def test_a_comparison_that_failed_for_good_does_not_run(started_at: Any) -> None:
    events = BatchEvents(assessment_failed_at=LATER)

    found = truth(SPELLCHECKED, cj_started(started_at), events=events)

    assert (found.status, found.status_source) == ("failed", "events")
    assert (found.is_final, found.completed_at, found.processing_phase) == (True, LATER, None)
    assert refusals_of(found)["retry"] is None


def test_an_older_failure_says_nothing_of_a_comparison_that_runs() -> None:
    events = BatchEvents(assessment_failed_at=NOON)

    found = truth(SPELLCHECKED, cj_started(LATER), events=events)

    assert (found.status, found.status_source) == ("processing", "bos")


def retried(phase: str, ended_at: Any = NOON) -> PhaseStates:
    again = PhaseState(status="requested_by_user", completed_at=ended_at)
    done = PhaseState(status="completed_successfully", completed_at=NOON)
    return PhaseStates(requested_pipelines=CJ, **{"spellcheck": done, phase: again})


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("completed_with_failures", ("completed_with_failures", "events", True)),
        ("failed_critically", ("failed", "events", True)),
    ],
)
def test_only_an_event_tells_the_end_of_a_phase_that_was_retried(
    status: str, expected: tuple[Any, ...]
) -> None:
    row = replace_essays(FINISHED)
    events = BatchEvents(outcomes={"cj_assessment": Outcome(status, LATER)})

    found = truth(row, retried("cj_assessment"), events=events)

    assert (found.status, found.status_source, found.is_final) == expected


def replace_essays(row: Any) -> Any:
    """As RAS shows a batch of which no comparison has succeeded yet."""
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    essays = (GOOD, GOOD, GOOD, BAD)
    return type(row)(**fields | {"essays": essays, "processing_completed_at": None})


@pytest.mark.parametrize("ended_at", [LATER, None])
def test_the_outcome_of_the_former_run_is_no_news_of_the_retry(ended_at: Any) -> None:
    events = BatchEvents(outcomes={"cj_assessment": Outcome("failed_critically", NOON)})

    found = truth(replace_essays(FINISHED), retried("cj_assessment", ended_at), events=events)

    assert (found.status, found.status_source) == ("retried", "bos")


def test_without_phases_the_last_failure_is_what_is_known() -> None:
    failed = BatchEvents(outcomes={"spellcheck": Outcome("failed_critically", NOON)})

    assert truth(SPELLCHECKED, events=failed).status_source == "events"
    assert truth(SPELLCHECKED, events=replace(failed, requested_at=LATER)).status is None


@pytest.mark.parametrize(
    ("events", "bos", "expected"),
    [
        (BatchEvents(denial=DENIED), phases(), DENIED),
        (BatchEvents(denial=DENIED, requested_at=NOON), phases(), DENIED),
        (BatchEvents(denial=DENIED, requested_at=LATER), phases(), None),
        (BatchEvents(denial=DENIED), CJ_RUNS, None),
    ],
    ids=["after the 202", "of this start", "another start followed", "it runs"],
)
def test_a_denial_stands_until_another_start(
    events: BatchEvents, bos: PhaseStates, expected: Denial | None
) -> None:
    found = truth(REGISTERED, bos, events=events)

    assert found.denial == expected
    assert found.needs_attention is (expected is not None)


@pytest.mark.parametrize(("denied_at", "stands"), [(NOON - DAY, False), (NOON + DAY, True)])
def test_a_denial_is_over_when_a_later_run_has_ended(denied_at: Any, *, stands: bool) -> None:
    events = BatchEvents(denial=replace(DENIED, at=denied_at))

    found = truth(FINISHED, CJ_DONE, events=events)

    assert found.status == "completed_successfully"
    assert (found.denial is not None) is stands


def test_the_platforms_words_for_a_denial_become_ours() -> None:
    shown = [
        denial_dto(replace(DENIED, reason=word))
        for word in ("insufficient_credits", "rate_limit_exceeded", "system_error")
    ]

    assert [one and one.reason for one in shown] == [
        "insufficient_credits",
        "rate_limit",
        "unknown",
    ]
