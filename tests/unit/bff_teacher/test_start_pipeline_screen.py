"""A start is sent once, and its answer says what is known of it."""

from typing import Any

import pytest

from bff_core.errors import (
    DownstreamFailed,
    DownstreamRefused,
    DownstreamTimeout,
    DownstreamUnreachable,
    NotAuthorized,
    PreconditionRequired,
    Unavailable,
)
from services.bff_teacher.ports.workflow import NoInstructions, StartRefused
from services.bff_teacher.screens.start_rules import VISIBLE_AFTER
from tests.unit.bff_teacher.screen_fakes import FakeBatches, a_whole_batch
from tests.unit.bff_teacher.start_scenario import (
    LEASE,
    POOR,
    FakeCommands,
    FakePreflights,
    MemoryStarts,
    StartScenario,
    a_preflight,
)
from tests.unit.bff_teacher.state_fakes import phases

CJ = ("spellcheck", "cj_assessment")
RUNNING = phases(*CJ, spellcheck="dispatch_initiated", cj_assessment="pending_dependencies")
FAILED = phases(*CJ, spellcheck="failed", cj_assessment="pending_dependencies")
LOST = DownstreamTimeout("platform_gateway", reason="timeout")
COMMAND = ("pipeline", "cj_assessment", None)


def scenario(**fields: Any) -> StartScenario:
    return StartScenario(**fields)


async def test_a_start_is_priced_sent_and_recorded() -> None:
    world = scenario()

    answer = await world.start()

    assert (answer.body.outcome, answer.body.phase, answer.headers) == (
        "accepted",
        "cj_assessment",
        {},
    )
    assert answer.body.preview is not None
    assert (answer.body.preview.credits_required, answer.body.preview.allowed) == (300, True)
    assert (world.commands.sent, world.outcomes) == ([COMMAND], ["accepted"])
    assert world.writes.users == ["anna-1"]


async def test_the_same_submission_again_is_the_same_start() -> None:
    world = scenario()

    first = await world.start()
    second = await world.start()

    assert (second.body.outcome, second.headers) == ("accepted", {"Idempotent-Replay": "true"})
    assert second.body.started_at == first.body.started_at
    assert (second.body.preview, world.commands.sent) == (None, [COMMAND])


async def test_a_second_tab_starts_nothing() -> None:
    world = scenario()
    await world.start("tab-1")

    soon = await world.start("tab-2")
    world.now_shows(RUNNING)
    later = await world.start("tab-2", retry="I cannot wait")

    assert (soon.body.outcome, later.body.outcome) == ("already_running", "already_running")
    assert len(world.commands.sent) == 1


async def test_a_batch_that_runs_is_running_whoever_started_it() -> None:
    world = scenario()
    world.now_shows(RUNNING)

    answer = await world.start()

    assert (answer.body.outcome, answer.body.started_at) == ("already_running", None)
    assert (world.preflights.asked, world.commands.sent, world.outcomes) == ([], [], [])


async def test_of_two_at_the_same_moment_one_is_sent() -> None:
    world = scenario()

    class Overtaken(MemoryStarts):
        async def begin(self, start: Any) -> bool:
            await super().begin(start)
            return await super().begin(start)

    world.ledger = Overtaken()

    assert (await world.start()).body.outcome == "already_running"
    assert world.commands.sent == []


async def test_a_denial_is_an_answer_and_nothing_is_kept() -> None:
    world = scenario(preflights=FakePreflights(POOR))

    denied = await world.start()
    world.preflights.found = a_preflight()
    again = await world.start()

    assert (denied.body.outcome, denied.body.reason) == ("denied", "insufficient_credits")
    assert denied.body.preview is not None
    assert (denied.body.preview.missing, denied.body.preview.allowed) == (255, False)
    assert (again.body.outcome, len(world.commands.sent)) == ("accepted", 1)


async def test_without_instructions_it_is_denied() -> None:
    world = scenario(preflights=FakePreflights(fails=NoInstructions("bos")))

    answer = await world.start()

    assert (answer.body.outcome, answer.body.reason) == ("denied", "no_instructions")
    assert world.commands.sent == []


async def test_a_denial_at_the_gateway_leaves_the_way_free() -> None:
    world = scenario(commands=FakeCommands(StartRefused("rate_limit_exceeded")))

    denied = await world.start()
    world.commands.fails = None
    again = await world.start()

    assert (denied.body.outcome, denied.body.reason) == ("denied", "rate_limit")
    assert denied.body.preview is not None
    assert not denied.body.preview.allowed
    assert (again.body.outcome, world.outcomes) == ("accepted", ["denied", "accepted"])


@pytest.mark.parametrize("service", ["bos", "entitlements"])
async def test_a_platform_that_cannot_say_is_no_go(service: str) -> None:
    world = scenario(preflights=FakePreflights(fails=DownstreamFailed(service, reason="status")))

    error = await world.fail()

    assert (error.details["outcome"], error.details["part"]) == ("not_sent", "preflight")
    assert (world.commands.sent, world.outcomes) == ([], [])


@pytest.mark.parametrize(
    "error",
    [
        DownstreamUnreachable("platform_gateway", reason="refused", sent=False),
        DownstreamRefused("platform_gateway", upstream_status=422, spoke_json=True),
    ],
)
async def test_what_was_not_sent_may_be_sent_with_the_same_key(error: Any) -> None:
    world = scenario(commands=FakeCommands(error))

    failed = await world.fail()
    world.commands = FakeCommands()
    again = await world.start()

    assert (failed.details["outcome"], failed.details["part"]) == ("not_sent", "start")
    assert (again.body.outcome, world.outcomes) == ("accepted", ["not_sent", "accepted"])


async def test_a_lost_answer_is_unknown_until_somebody_retries() -> None:
    world = scenario(commands=FakeCommands(LOST))

    lost = await world.start()
    world.commands.fails = None
    same = await world.start(retry=None)
    other = await world.start("k-2")
    retried = await world.start("k-3", retry="Nothing happened")

    assert [one.body.outcome for one in (lost, same, other)] == ["outcome_unknown"] * 3
    assert (same.headers, other.headers) == ({"Idempotent-Replay": "true"}, {})
    assert retried.body.outcome == "accepted"
    assert world.commands.sent == [COMMAND, ("pipeline", "cj_assessment", "Nothing happened")]


async def test_a_lost_answer_that_took_effect_is_running() -> None:
    world = scenario(commands=FakeCommands(LOST))
    await world.start()
    world.now_shows(RUNNING)

    assert (await world.start()).body.outcome == "already_running"
    assert (await world.start("k-2", retry="Again")).body.outcome == "already_running"
    assert len(world.commands.sent) == 1


async def test_a_start_that_ended_with_its_process_is_unknown_after_the_lease() -> None:
    world = scenario(ledger=MemoryStarts(down={"end"}))
    assert (await world.start()).body.outcome == "accepted"

    recent = await world.start()
    other = await world.start("k-2", retry="Again")
    world.clock.advance(LEASE + 1)
    late = await world.start()

    assert (recent.body.outcome, other.body.outcome) == ("already_running", "already_running")
    assert (late.body.outcome, late.headers) == ("outcome_unknown", {"Idempotent-Replay": "true"})
    assert len(world.commands.sent) == 1


async def test_an_accepted_start_that_never_shows_is_in_doubt() -> None:
    world = scenario()
    await world.start()
    world.clock.advance(VISIBLE_AFTER.total_seconds() + 1)

    other = await world.start("k-2")
    retried = await world.start("k-3", retry="It was dropped")

    assert (other.body.outcome, retried.body.outcome) == ("outcome_unknown", "accepted")
    assert len(world.commands.sent) == 2


async def test_a_key_belongs_to_one_request() -> None:
    world = scenario()
    await world.start()

    error = await world.fail(phase="nlp")

    assert (error.status, error.details) == (409, {"reason": "idempotency_key_reused"})


async def test_another_teacher_s_batch_costs_not_one_call() -> None:
    world = scenario(batches=FakeBatches([a_whole_batch(1, user_id="erik-1")]))

    error = await world.fail()

    assert isinstance(error, NotAuthorized)
    assert (world.preflights.asked, world.commands.sent, world.outcomes) == ([], [], [])


async def test_without_a_key_nothing_is_read() -> None:
    world = scenario()

    assert isinstance(await world.fail(None), PreconditionRequired)
    assert world.pipelines.asked == []


@pytest.mark.parametrize("method", ["known", "begin"])
async def test_without_the_ledger_nothing_is_sent(method: str) -> None:
    world = scenario(ledger=MemoryStarts(down={method}))

    assert isinstance(await world.fail(), Unavailable)
    assert world.commands.sent == []


async def test_with_too_little_time_left_nothing_is_sent() -> None:
    world = scenario()

    error = await world.fail(seconds=0.5)

    assert (error.status, error.details["outcome"]) == (504, "not_sent")
    assert (world.commands.sent, world.outcomes) == ([], [])
