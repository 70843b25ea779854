"""Outcome of a confirmation when the ledger, CMS or the time fails."""

from dataclasses import dataclass, field

import pytest

from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
    NotFound,
    Unavailable,
)
from bff_core.testing import FakeClock
from services.bff_teacher.confirmations.model import Attempt, ConfirmOutcome
from tests.unit.bff_teacher.confirm_scenario import (
    GOOD,
    OTHER,
    REPLAY,
    TIMEOUTS,
    ConfirmScenario,
    failed,
    refused,
)
from tests.unit.bff_teacher.fakes import ANNA, FakeStudents, batch_id
from tests.unit.bff_teacher.screen_fakes import FakeBatches, MemoryConfirmations

REFUSED = DownstreamRefused("cms", upstream_status=400, spoke_json=True)


async def test_ledger_down_is_503_before_cms_is_called() -> None:
    broken = FakeStudents(down=AssertionError("asked"))  # type: ignore[arg-type]
    scenario = ConfirmScenario(students=broken, ledger=MemoryConfirmations(down={"latest"}))

    assert isinstance(await refused(scenario, *GOOD), Unavailable)


async def test_batch_that_does_not_exist_costs_no_connection_of_the_ledger() -> None:
    scenario = ConfirmScenario(
        batches=FakeBatches([]), ledger=MemoryConfirmations(down={"latest", "begin"})
    )

    assert isinstance(await refused(scenario, *GOOD), NotFound)


async def test_ledger_that_takes_no_intent_is_503_before_the_call() -> None:
    scenario = ConfirmScenario(ledger=MemoryConfirmations(down={"begin"}))

    assert isinstance(await refused(scenario, *GOOD), Unavailable)


async def test_result_that_cannot_be_written_is_still_the_truth() -> None:
    ledger = MemoryConfirmations(down={"end"})
    scenario = ConfirmScenario(ledger=ledger)

    answer = await scenario.confirm(*GOOD)
    ledger.down.clear()
    error = await refused(scenario, *GOOD)

    assert answer.body.status == "confirmed"
    assert error.details["reason"] == "in_progress"


@pytest.mark.parametrize(
    "error",
    [
        DownstreamTimeout("cms", reason="deadline"),
        DownstreamUnreachable("cms", reason="ServerDisconnectedError"),
        DownstreamFailed("cms", reason="status", upstream_status=500),
        DownstreamFailed("cms", reason="Undecodable"),
        DownstreamFailed("cms", reason="content_type"),
    ],
)
async def test_cms_that_may_have_acted_leaves_it_unknown_until_forced(
    error: DownstreamError,
) -> None:
    scenario = ConfirmScenario()

    raised = await failed(scenario, error)
    for options in ({}, {"key": "k-1"}):
        again = await refused(scenario, *GOOD, **options)
        assert again.details["reason"] == "outcome_unknown"
    forced = await scenario.confirm(*GOOD, force=True)

    assert (raised.details["part"], raised.details["outcome"]) == ("confirm", "unknown")
    assert (forced.body.forced, len(scenario.cms.confirmed)) == (True, 2)


async def test_force_is_recorded_with_who_and_replayed_as_such() -> None:
    ledger = MemoryConfirmations()
    scenario = ConfirmScenario(ledger=ledger)
    await failed(scenario, DownstreamTimeout("cms"))
    await scenario.confirm(*OTHER, force=True)

    replay = await scenario.confirm(*OTHER)

    first, second = ledger.attempts[batch_id(1)]
    assert (first.outcome, first.forced) == (ConfirmOutcome.UNKNOWN, False)
    assert (second.outcome, second.forced, second.user_id) == (ConfirmOutcome.CONFIRMED, True, ANNA)
    assert (replay.body.forced, replay.headers) == (True, REPLAY)


@pytest.mark.parametrize(
    "error",
    [
        CircuitOpen("cms", sent=False),
        DownstreamSaturated("cms", sent=False),
        DownstreamTimeout("cms", reason="no_time_left", sent=False),
        DownstreamUnreachable("cms", reason="ClientConnectorError", sent=False),
        REFUSED,
    ],
)
async def test_cms_that_was_not_asked_or_refused_leaves_the_way_free(
    error: DownstreamError,
) -> None:
    scenario = ConfirmScenario()

    raised = await failed(scenario, error)
    answer = await scenario.confirm(*GOOD, force=True)

    assert raised.details["outcome"] == "not_sent"
    assert (answer.body.forced, answer.headers) == (False, {})


async def test_attempt_that_is_running_is_waited_for_even_when_forced() -> None:
    scenario = ConfirmScenario(ledger=MemoryConfirmations(down={"end"}))
    await scenario.confirm(*GOOD)

    for force in (False, True):
        error = await refused(scenario, *GOOD, force=force)
        assert (error.details["reason"], error.retry_after) == ("in_progress", 1.0)


async def test_attempt_that_never_ended_is_unknown_after_its_lease() -> None:
    ledger = MemoryConfirmations(down={"end"})
    scenario = ConfirmScenario(ledger=ledger)
    await scenario.confirm(*GOOD)
    ledger.down.clear()
    scenario.clock.advance(7.0)

    error = await refused(scenario, *GOOD)
    forced = await scenario.confirm(*GOOD, force=True)

    assert error.details["reason"] == "outcome_unknown"
    assert forced.body.forced


@dataclass
class SlowConfirmations(MemoryConfirmations):
    """A ledger that needs its whole budget to take an intent."""

    clock: FakeClock = field(default_factory=FakeClock)

    async def begin(self, attempt: Attempt) -> bool:
        self.clock.advance(TIMEOUTS.ledger)
        return await super().begin(attempt)


@pytest.mark.parametrize("seconds", [0.0, 0.9, 1.0, 1.9])
async def test_no_intent_is_written_without_time_for_the_ledger_and_the_call(
    seconds: float,
) -> None:
    ledger = SlowConfirmations()
    scenario = ConfirmScenario(ledger=ledger, clock=ledger.clock)

    error = await refused(scenario, *GOOD, seconds=seconds)

    assert (type(error), error.details["part"]) == (DownstreamTimeout, "confirm")
    assert (error.details.get("outcome"), ledger.attempts) == (None, {})
    assert (await scenario.confirm(*GOOD)).headers == {}


async def test_intent_is_written_with_just_enough_time_for_the_ledger_and_the_call() -> None:
    ledger = SlowConfirmations()
    scenario = ConfirmScenario(ledger=ledger, clock=ledger.clock)

    answer = await scenario.confirm(*GOOD, seconds=TIMEOUTS.least_time)

    assert (answer.body.status, len(scenario.cms.confirmed)) == ("confirmed", 1)


async def test_result_is_replayed_however_little_time_is_left() -> None:
    scenario = ConfirmScenario()
    first = await scenario.confirm(*GOOD)

    again = await scenario.confirm(*GOOD, seconds=0.1)

    assert (again.body, again.headers) == (first.body, REPLAY)


@pytest.mark.parametrize(
    ("error", "dropped"),
    [
        (None, [ANNA]),
        (DownstreamTimeout("cms"), [ANNA]),
        (REFUSED, []),
        (CircuitOpen("cms", sent=False), []),
    ],
)
async def test_what_a_confirmation_may_have_changed_is_dropped(
    error: DownstreamError | None, dropped: list[str]
) -> None:
    scenario = ConfirmScenario()

    if error is None:
        await scenario.confirm(*GOOD)
    else:
        await failed(scenario, error)

    assert scenario.writes.users == dropped
