"""Older responses are served while a refresh runs; they are stale once the source has failed."""

import asyncio

import pytest

from bff_core.client.call import Call, DownstreamResponse
from bff_core.errors import (
    CircuitOpen,
    DownstreamError,
    DownstreamFailed,
    DownstreamRefused,
    DownstreamSaturated,
    DownstreamTimeout,
    DownstreamUnreachable,
    RateLimited,
)
from bff_core.testing.clock import FakeClock, Run
from tests.pipeline_kit import a_call, a_response
from tests.unit.bff_core.client.cached_process import DASHBOARD, Process, story


def test_no_longer_fresh_is_served_with_its_age_while_one_refresh_runs(
    run: Run, process: Process
) -> None:
    process.service.play(0.0)

    async def scene() -> list[DownstreamResponse]:
        await process.read()
        await asyncio.sleep(3.0)
        process.service.play(0.5)
        older = [await process.read() for _ in range(100)]
        assert process.cache.refreshing == 1
        await asyncio.sleep(0.6)
        return [*older, await process.read()]

    *older, refreshed = run(scene())

    assert {(answer.stale, round(answer.age, 3)) for answer in older} == {(False, 3.0)}
    assert (refreshed.stale, refreshed.age) == (False, pytest.approx(0.1))
    assert process.asked == 2
    assert process.observer.events[1:] == [("stale_refresh",)] * 100 + [("hit",)]


def test_polled_every_four_seconds_a_healthy_source_is_never_stale(
    run: Run, process: Process
) -> None:
    outcomes = story(run, process, *[4.0] * 30)

    assert {answer.stale for answer in outcomes} == {False}
    assert max(answer.age for answer in outcomes) < DASHBOARD.max_age + 5.0


def test_within_its_declared_freshness_a_failed_refresh_makes_nothing_stale(
    run: Run, process: Process
) -> None:
    outcomes = story(run, process, CircuitOpen("results"), 3.0, 3.9, CircuitOpen("results"), 0.2)

    assert [answer.stale for answer in outcomes] == [False, False, False, True]
    assert outcomes[-1].age == pytest.approx(7.1)


def test_a_refresh_has_its_own_time(clock: FakeClock, run: Run, process: Process) -> None:
    story(run, process, 3.0, seconds=0.1)

    assert process.service.calls[1].deadline.at == clock.monotonic() + 2.0


def test_a_refresh_that_ignores_its_time_is_ended(run: Run, process: Process) -> None:
    async def scene() -> None:
        await process.read()
        await asyncio.sleep(3.0)
        process.service.play(1000.0)
        await process.read()
        await asyncio.sleep(2.06)
        assert (process.service.busy, process.cache.refreshing) == (0, 0)

    run(scene())

    assert process.observer.events[-1] == ("refresh_failed",)


def test_a_failed_refresh_is_told_and_the_next_read_tries_again(run: Run, process: Process) -> None:
    outcomes = story(
        run, process, DownstreamFailed("results"), 3.0, 0.1, a_response("new"), 0.1, 0.1
    )

    assert [each.value for each in outcomes] == ["good", "good", "good", "new", "new"]
    assert ("refresh_failed",) in process.observer.events


def test_a_refresh_that_is_told_no_drops_the_answer(run: Run, process: Process) -> None:
    gone = DownstreamRefused("results", upstream_status=404, spoke_json=True)

    outcomes = story(run, process, gone, 3.0, 0.1)

    assert outcomes[1].value == "good"
    assert outcomes[2] is gone


def test_after_the_refresh_time_the_source_is_asked(run: Run, process: Process) -> None:
    outcomes = story(run, process, a_response("new"), 7.1)

    assert (outcomes[1].value, outcomes[1].stale) == ("new", False)


FAILURES: list[DownstreamError] = [
    DownstreamFailed("results"),
    DownstreamTimeout("results"),
    DownstreamUnreachable("results"),
    DownstreamSaturated("results"),
    CircuitOpen("results"),
    DownstreamRefused("results", upstream_status=429, spoke_json=True),
]


@pytest.mark.parametrize("failure", FAILURES)
def test_when_the_source_fails_the_old_answer_serves(
    run: Run, process: Process, failure: DownstreamError
) -> None:
    outcomes = story(run, process, failure, 600.0)

    assert outcomes[1].stale
    assert outcomes[1].age == pytest.approx(600.0)
    assert process.observer.events[-1] == ("stale_error",)


def test_after_its_time_the_failure_is_honest(run: Run, process: Process) -> None:
    failure = CircuitOpen("results")

    outcomes = story(run, process, failure, 601.9, 0.2)

    assert outcomes[1].stale
    assert outcomes[2] is failure


def test_an_answer_that_grew_too_old_during_the_read_is_not_served(
    clock: FakeClock, run: Run, process: Process
) -> None:
    failure = DownstreamFailed("results")

    def fail_late(_: Call) -> DownstreamResponse:
        clock.advance(0.2)
        raise failure

    assert story(run, process, fail_late, 601.9)[1] is failure


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_no_of_the_source_is_not_hidden_by_an_old_yes(
    run: Run, process: Process, status: int
) -> None:
    no = DownstreamRefused("results", upstream_status=status, spoke_json=True)
    down = CircuitOpen("results")

    outcomes = story(run, process, no, 10.0, down, 0.1)

    assert outcomes[1] is no
    assert outcomes[2] is down


def test_a_router_s_page_does_not_cost_the_old_answer(run: Run, process: Process) -> None:
    page = DownstreamRefused("results", upstream_status=404, spoke_json=False)

    outcomes = story(run, process, page, 10.0, CircuitOpen("results"), 0.1)

    assert outcomes[1] is page
    assert outcomes[2].stale


def test_failures_are_never_kept(run: Run, process: Process) -> None:
    process.service.play(DownstreamFailed("results"), a_response("good"))

    outcomes = story(run, process, 0.0)

    assert isinstance(outcomes[0], DownstreamFailed)
    assert outcomes[1].value == "good"


def test_a_refusal_of_ours_comes_out(run: Run, process: Process) -> None:
    limited = RateLimited()

    assert story(run, process, limited, 10.0)[1] is limited


def test_a_hung_source_leaves_time_to_serve_the_old_answer(
    clock: FakeClock, run: Run, process: Process
) -> None:
    async def hang(call: Call) -> DownstreamResponse:
        await asyncio.sleep(call.deadline.left())
        raise DownstreamTimeout("results")

    async def scene() -> DownstreamResponse:
        await process.read()
        await asyncio.sleep(100.0)
        call = a_call(clock, freshness=DASHBOARD, seconds=1.0)
        async with asyncio.timeout(1.0):
            return await process.cache(hang)(call)

    assert run(scene()).stale


def test_closing_ends_refreshes_and_waits_for_them(run: Run, process: Process) -> None:
    async def scene() -> DownstreamResponse:
        await process.read()
        await asyncio.sleep(3.0)
        process.service.play(1.0)
        await process.read()
        await asyncio.sleep(0.1)
        assert process.service.busy == 1
        await process.refreshes.aclose()
        assert (process.service.busy, process.cache.refreshing) == (0, 0)
        return await process.read()

    assert run(scene()).age == pytest.approx(3.1)
    assert process.asked == 2
