"""What is known of a confirmation when the ledger, CMS or the time fails."""

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
    Unavailable,
)
from bff_core.testing import FakeClock
from services.bff_teacher.confirmations.model import Attempt, ConfirmOutcome
from tests.unit.bff_teacher.confirm_stage import (
    GOOD,
    OTHER,
    REPLAY,
    TIMEOUTS,
    Stage,
    failed,
    refused,
)
from tests.unit.bff_teacher.fakes import ANNA, batch_id
from tests.unit.bff_teacher.screen_fakes import FakeBatches, MemoryConfirmations

REFUSED = DownstreamRefused("cms", upstream_status=400, spoke_json=True)


async def test_ledger_down_is_503_before_anybody_is_asked() -> None:
    broken = FakeBatches(failures={batch_id(1): AssertionError("asked")})  # type: ignore[dict-item]
    stage = Stage(batches=broken, ledger=MemoryConfirmations(down={"latest"}))

    assert isinstance(await refused(stage, *GOOD), Unavailable)


async def test_ledger_that_takes_no_intent_is_503_before_the_call() -> None:
    stage = Stage(ledger=MemoryConfirmations(down={"begin"}))

    assert isinstance(await refused(stage, *GOOD), Unavailable)


async def test_result_that_cannot_be_written_is_still_the_truth() -> None:
    ledger = MemoryConfirmations(down={"end"})
    stage = Stage(ledger=ledger)

    answer = await stage.confirm(*GOOD)
    ledger.down.clear()
    error = await refused(stage, *GOOD)

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
    stage = Stage()

    told = await failed(stage, error)
    for options in ({}, {"key": "k-1"}):
        again = await refused(stage, *GOOD, **options)
        assert again.details["reason"] == "outcome_unknown"
    forced = await stage.confirm(*GOOD, force=True)

    assert (told.details["part"], told.details["outcome"]) == ("confirm", "unknown")
    assert (forced.body.forced, len(stage.cms.confirmed)) == (True, 2)


async def test_force_is_recorded_with_who_and_replayed_as_such() -> None:
    ledger = MemoryConfirmations()
    stage = Stage(ledger=ledger)
    await failed(stage, DownstreamTimeout("cms"))
    await stage.confirm(*OTHER, force=True)

    replay = await stage.confirm(*OTHER)

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
    stage = Stage()

    told = await failed(stage, error)
    answer = await stage.confirm(*GOOD, force=True)

    assert told.details["outcome"] == "not_sent"
    assert (answer.body.forced, answer.headers) == (False, {})


async def test_attempt_that_is_running_is_waited_for_even_when_forced() -> None:
    stage = Stage(ledger=MemoryConfirmations(down={"end"}))
    await stage.confirm(*GOOD)

    for force in (False, True):
        error = await refused(stage, *GOOD, force=force)
        assert (error.details["reason"], error.retry_after) == ("in_progress", 1.0)


async def test_attempt_that_never_ended_is_unknown_after_its_lease() -> None:
    ledger = MemoryConfirmations(down={"end"})
    stage = Stage(ledger=ledger)
    await stage.confirm(*GOOD)
    ledger.down.clear()
    stage.clock.advance(7.0)

    error = await refused(stage, *GOOD)
    forced = await stage.confirm(*GOOD, force=True)

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
    stage = Stage(ledger=ledger, clock=ledger.clock)

    error = await refused(stage, *GOOD, seconds=seconds)

    assert (type(error), error.details["part"]) == (DownstreamTimeout, "confirm")
    assert (error.details.get("outcome"), ledger.attempts) == (None, {})
    assert (await stage.confirm(*GOOD)).headers == {}


async def test_intent_is_written_with_just_enough_time_for_the_ledger_and_the_call() -> None:
    ledger = SlowConfirmations()
    stage = Stage(ledger=ledger, clock=ledger.clock)

    answer = await stage.confirm(*GOOD, seconds=TIMEOUTS.least_time)

    assert (answer.body.status, len(stage.cms.confirmed)) == ("confirmed", 1)


async def test_result_is_replayed_however_little_time_is_left() -> None:
    stage = Stage()
    first = await stage.confirm(*GOOD)

    again = await stage.confirm(*GOOD, seconds=0.1)

    assert (again.body, again.headers) == (first.body, REPLAY)
