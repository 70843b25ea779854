"""A start and another run of a phase are refused by the rules of their buttons."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from bff_core.context import RequestContext
from bff_core.errors import (
    BffError,
    Conflict,
    DownstreamTimeout,
    DownstreamUnreachable,
    NotFound,
)
from services.bff_teacher.confirmations.upload import BatchRecord
from services.bff_teacher.screens.rows.batches import action_dtos
from services.bff_teacher.truth.facts import BatchTruth
from tests.unit.bff_teacher.fakes import batch_id
from tests.unit.bff_teacher.screen_fakes import FakeBatches, a_row, a_whole_batch
from tests.unit.bff_teacher.start_scenario import (
    POOR,
    FakePreflights,
    StartScenario,
)
from tests.unit.bff_teacher.state_fakes import FakeBatchRecords, FakeReviews, phases
from tests.unit.bff_teacher.truth.test_actions import TABLE

CJ = ("spellcheck", "cj_assessment")
RUNNING = phases(*CJ, spellcheck="dispatch_initiated", cj_assessment="pending_dependencies")
FAILED = phases(*CJ, spellcheck="failed", cj_assessment="pending_dependencies")
LOST = DownstreamTimeout("platform_gateway", reason="timeout")
COMMAND = ("pipeline", "cj_assessment", None)


def scenario(**fields: Any) -> StartScenario:
    return StartScenario(**fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"reviews": FakeReviews({batch_id(1): [a_row(1, 1)]})}, "awaiting_review"),
        (
            {"records": FakeBatchRecords({batch_id(1): BatchRecord(is_ours=True, expected=3)})},
            "files_missing",
        ),
        (
            {"reviews": FakeReviews(down=DownstreamUnreachable("cms", reason="refused"))},
            "state_unknown",
        ),
    ],
)
async def test_what_the_button_refuses_the_start_refuses(
    fields: dict[str, Any], reason: str
) -> None:
    world = scenario(**fields)

    error = await world.fail()

    assert isinstance(error, Conflict)
    assert error.details == {"reason": reason}
    assert (world.preflights.asked, world.commands.sent, world.outcomes) == ([], [], [])


async def test_after_a_failure_only_a_retry_starts_again() -> None:
    world = scenario(batches=FakeBatches([a_whole_batch(1, overall_status="failed")]))
    world.now_shows(FAILED)

    error = await world.fail()
    retried = await world.start("k-2", retry="It failed")
    again = await world.start("k-3", retry="It failed")

    assert error.details == {"reason": "already_done"}
    assert (retried.body.outcome, again.body.outcome) == ("accepted", "already_running")
    assert world.commands.sent == [("pipeline", "cj_assessment", "It failed")]


async def test_a_phase_that_failed_runs_again_once() -> None:
    world = scenario(batches=FakeBatches([a_whole_batch(1, overall_status="failed")]))
    world.now_shows(FAILED)

    answers = [await world.retry("spellcheck", key) for key in ("k-1", "k-1", "k-2")]

    outcomes = [(one.body.outcome, bool(one.headers)) for one in answers]
    assert outcomes == [("accepted", False), ("accepted", True), ("already_running", False)]
    assert world.commands.sent == [("phase", "spellcheck", "Again")]
    assert (world.preflights.asked, answers[0].body.preview) == ([], None)


async def test_only_the_comparison_is_priced_before_it_runs_again() -> None:
    world = scenario(
        batches=FakeBatches([a_whole_batch(1, overall_status="completed_successfully")]),
        preflights=FakePreflights(POOR),
    )
    world.now_shows(phases(*CJ, spellcheck="completed_successfully", cj_assessment="failed"))

    answer = await world.retry("cj_assessment")

    assert (answer.body.outcome, answer.body.reason) == ("denied", "insufficient_credits")
    assert (world.preflights.asked, world.commands.sent) == (["cj_assessment"], [])


@pytest.mark.parametrize(
    ("phase", "states", "error", "reason"),
    [
        ("cj_assessment", FAILED, Conflict, "nothing_to_retry"),
        ("spellcheck", phases(), Conflict, "nothing_to_retry"),
        ("ai_feedback", FAILED, NotFound, None),
        ("student_matching", FAILED, NotFound, None),
    ],
)
async def test_a_phase_that_has_not_run_is_not_retried(
    phase: str, states: Any, error: type[BffError], reason: str | None
) -> None:
    world = scenario()
    world.now_shows(states)

    with pytest.raises(error) as caught:
        await world.retry(phase)

    assert caught.value.details.get("reason") == reason
    assert world.commands.sent == []


@dataclass(frozen=True)
class OwnedInState:
    """Stands for a teacher's batch in a state of the truth table."""

    truth: BatchTruth
    batch_id: str = batch_id(1)

    async def read(self, ctx: RequestContext, batch_id: str) -> "OwnedInState":
        return self


@pytest.mark.parametrize("state", [state for state, _ in TABLE.values()], ids=TABLE)
@pytest.mark.parametrize("again", [None, "Again"], ids=["start", "retry"])
async def test_in_every_state_button_and_start_agree(state: BatchTruth, again: str | None) -> None:
    world = scenario(owner=OwnedInState(state))
    allowed = {one.name: one for one in action_dtos(batch_id(1), state)}
    start = allowed["start"]
    may = start.allowed or (again is not None and allowed["retry"].allowed)

    outcome: object
    try:
        outcome = (await world.start(retry=again)).body.outcome
    except Conflict as error:
        outcome = error.details["reason"]

    refused = "already_running" if start.reason == "processing" else start.reason
    assert outcome == ("accepted" if may else refused)
    assert len(world.commands.sent) == may


@pytest.mark.parametrize("state", [state for state, _ in TABLE.values()], ids=TABLE)
async def test_in_every_state_button_and_retry_of_a_phase_agree(state: BatchTruth) -> None:
    world = scenario(owner=OwnedInState(state))
    allowed = {one.name: one for one in action_dtos(batch_id(1), state)}

    sent = 0
    for phase in ("spellcheck", "cj_assessment", "nlp"):
        with suppress(Conflict):
            sent += (await world.retry(phase, phase)).body.outcome == "accepted"

    is_readable = state.phases is not None
    assert sent == (allowed["retry"].allowed and is_readable)
