"""The lag of the event loop."""

import asyncio
import time

from bff_core.observability.metrics import LoopLag


async def test_a_blocked_loop_shows_as_lag_at_once_and_later() -> None:
    lag = LoopLag()
    lag.start()
    began = time.monotonic()

    await asyncio.sleep(0)
    time.sleep(0.4)  # noqa: ASYNC251 - the loop must be blocked.
    at_once = lag.since(began)
    await asyncio.sleep(0.2)
    later = lag.since(began)
    lag.stop()

    assert at_once >= 0.25
    assert later >= 0.25
    assert lag.longest() >= 0.25


async def test_lag_before_a_call_is_not_the_call_s() -> None:
    lag = LoopLag()
    lag.start()
    await asyncio.sleep(0)
    time.sleep(0.4)  # noqa: ASYNC251 - the loop must be blocked.
    await asyncio.sleep(0.2)
    noted = lag.longest()

    assert lag.since(time.monotonic()) < noted
    lag.stop()


def test_what_was_not_started_has_no_lag() -> None:
    lag = LoopLag()

    assert (lag.since(0.0), lag.longest()) == (0.0, 0.0)
