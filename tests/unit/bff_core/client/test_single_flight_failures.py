"""Each caller of a shared call gets an exception of its own."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bff_core.client.call import Call, DownstreamResponse
from bff_core.client.policies.single_flight import SingleFlight
from bff_core.errors import (
    BffError,
    CircuitOpen,
    DownstreamFailed,
    DownstreamRefused,
    Unavailable,
    Unexpected,
)
from bff_core.testing.clock import FakeClock, Run
from tests.pipeline_kit import ScriptedService, a_call, a_response
from tests.unit.bff_core.client.single_flight_scenes import begin, outcome, shared_by

FAILURES: list[BffError] = [
    DownstreamFailed("results", reason="decode", upstream_status=200),
    DownstreamRefused("results", upstream_status=404, spoke_json=True),
    CircuitOpen("results", retry_after=3.0),
    Unavailable(),
]


@pytest.mark.parametrize("failure", FAILURES)
def test_everyone_gets_a_failure_of_their_own(
    clock: FakeClock, run: Run, failure: BffError
) -> None:
    outcomes, _ = shared_by(clock, run, failure)

    assert len({id(each) for each in [*outcomes, failure]}) == 4
    for each in outcomes:
        assert type(each) is type(failure)
        assert each.__dict__ == failure.__dict__
        assert str(each) == str(failure)


def test_what_one_writes_into_a_failure_others_do_not_see(clock: FakeClock, run: Run) -> None:
    first, second, _ = shared_by(clock, run, DownstreamFailed("results"))[0]

    first.naming_part("batches")
    first.fields["seen"] = True

    assert "part" not in second.details
    assert "seen" not in second.fields


def test_the_cause_of_a_failure_is_kept(clock: FakeClock, run: Run) -> None:
    cause = OSError("refused")

    def fail(call: Call) -> DownstreamResponse:
        raise DownstreamFailed("results") from cause

    outcomes, _ = shared_by(clock, run, fail)

    assert all(each.__cause__ is cause for each in outcomes)


def test_tracebacks_do_not_grow_with_those_who_wait(clock: FakeClock, run: Run) -> None:
    def depth(error: BaseException) -> int:
        frames, tb = 0, error.__traceback__
        while tb is not None:
            frames, tb = frames + 1, tb.tb_next
        return frames

    outcomes, _ = shared_by(clock, run, DownstreamFailed("results"), calls=100)

    assert max(depth(each) for each in outcomes) < 8


def test_a_bug_comes_out_as_unexpected(clock: FakeClock, run: Run) -> None:
    bug = KeyError("a bug")

    with capture_logs() as logs:
        outcomes, _ = shared_by(clock, run, bug)

    assert [type(each) for each in outcomes] == [Unexpected] * 3
    assert all(each.__cause__ is bug for each in outcomes)
    assert [line["event"] for line in logs] == ["background_call_failed"]


def test_a_failure_is_not_remembered(clock: FakeClock, run: Run) -> None:
    service = ScriptedService(DownstreamFailed("results"), a_response("second"))

    async def scene() -> DownstreamResponse:
        send = SingleFlight(clock)(service)
        await outcome(send(a_call(clock)))
        return await send(a_call(clock))

    assert run(scene()).value == "second"


def test_a_failure_nobody_waited_for_is_quiet(clock: FakeClock, run: Run) -> None:
    async def stubborn(call: Call) -> DownstreamResponse:
        try:
            await asyncio.sleep(1.0)
        except asyncio.CancelledError as error:
            raise DownstreamFailed("results") from error
        return a_response()

    async def scene() -> None:
        [task] = begin(SingleFlight(clock)(stubborn), a_call(clock))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.sleep(0.1)

    with capture_logs() as logs:
        run(scene())

    assert logs == []
