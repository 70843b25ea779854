"""A time limit ends what is inside exactly as the standard library's does."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import pytest

from bff_core.testing.clock import FakeClock
from bff_core.testing.virtual_time import run_virtually
from bff_core.time_limit import TimeLimit

Limited = Callable[[float | None], AbstractAsyncContextManager[object]]


@asynccontextmanager
async def ours(seconds: float | None) -> AsyncIterator[TimeLimit]:
    with TimeLimit(seconds) as limit:
        yield limit


def library(seconds: float | None) -> AbstractAsyncContextManager[object]:
    return asyncio.timeout(seconds)


async def in_time(limited: Limited) -> None:
    async with limited(2.0):
        await asyncio.sleep(1.0)


async def too_late(limited: Limited) -> None:
    async with limited(1.0):
        await asyncio.sleep(2.0)


async def without_a_limit(limited: Limited) -> None:
    async with limited(None):
        await asyncio.sleep(3600)


async def no_time_at_all(limited: Limited) -> None:
    async with limited(0.0):
        await asyncio.sleep(1.0)


async def less_than_none(limited: Limited) -> None:
    async with limited(-1.0):
        await asyncio.sleep(1.0)


async def late_but_without_waiting(limited: Limited) -> None:
    async with limited(0.0):
        pass
    await asyncio.sleep(1.0)


async def inner_first(limited: Limited) -> None:
    async with limited(3.0):
        try:
            async with limited(1.0):
                await asyncio.sleep(5.0)
        except TimeoutError:
            await asyncio.sleep(1.0)


async def outer_first(limited: Limited) -> None:
    async with limited(1.0), limited(3.0):
        await asyncio.sleep(5.0)


async def both_at_once(limited: Limited) -> None:
    async with limited(1.0), limited(1.0):
        await asyncio.sleep(5.0)


async def another_failure(limited: Limited) -> None:
    async with limited(1.0):
        try:
            await asyncio.sleep(2.0)
        finally:
            raise KeyError("in the way")


async def swallowed(limited: Limited) -> None:
    async with limited(1.0):
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(2.0)
    await asyncio.sleep(1.0)


async def cancelled_after(seconds: float, limited: Limited) -> None:
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().call_later(seconds, task.cancel)
    await too_late(limited)


async def cancelled_from_elsewhere(limited: Limited) -> None:
    await cancelled_after(0.5, limited)


async def cancelled_as_the_time_ends(limited: Limited) -> None:
    await cancelled_after(1.0, limited)


async def inside_something_cancelled(limited: Limited) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        async with limited(1.0):
            await asyncio.sleep(2.0)


SITUATIONS = [
    in_time,
    too_late,
    without_a_limit,
    no_time_at_all,
    less_than_none,
    late_but_without_waiting,
    inner_first,
    outer_first,
    both_at_once,
    another_failure,
    swallowed,
    cancelled_from_elsewhere,
    cancelled_as_the_time_ends,
    inside_something_cancelled,
]


def outcome_of(situation: Callable[[Limited], Coroutine[Any, Any, None]], limited: Limited) -> Any:
    """How it ended and why, when, and how many cancellations were left unanswered."""
    clock, left = FakeClock(), 0

    async def watched() -> None:
        nonlocal left
        task = asyncio.current_task()
        assert task is not None
        try:
            await situation(limited)
        finally:
            left = task.cancelling()

    started = clock.monotonic()
    try:
        run_virtually(clock, watched())
    except BaseException as error:  # noqa: BLE001 - a cancellation is an outcome, too
        ended = (type(error), type(error.__cause__))
    else:
        ended = (None, None)
    return ended, round(clock.monotonic() - started, 6), left


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda one: one.__name__)
def test_it_ends_like_the_library_s(
    situation: Callable[[Limited], Coroutine[Any, Any, None]],
) -> None:
    assert outcome_of(situation, ours) == outcome_of(situation, library)


def test_a_limit_that_is_ended_from_elsewhere_is_over() -> None:
    async def waiting() -> None:
        limit = TimeLimit(None)
        asyncio.get_running_loop().call_later(1.0, limit.end)
        with pytest.raises(TimeoutError), limit:
            await asyncio.sleep(3600)
        assert limit.expired

    run_virtually(clock := FakeClock(), waiting())
    assert clock.monotonic() < 3600


async def test_ending_it_on_the_way_out_changes_nothing() -> None:
    with TimeLimit(None) as limit:
        limit.end()

    await asyncio.sleep(0)
    limit.end()
    await asyncio.sleep(0)
    assert not limit.expired


async def test_it_leaves_nothing_to_the_collector() -> None:
    async def used() -> None:
        with pytest.raises(TimeoutError), TimeLimit(0.0):
            await asyncio.sleep(1.0)
        with TimeLimit(1.0):
            await asyncio.sleep(0)

    await used()
    gc.collect()
    for _ in range(10):
        await used()
    limits = [one for one in gc.get_objects() if isinstance(one, TimeLimit)]
    assert limits == []


def test_it_needs_a_task() -> None:
    with pytest.raises(RuntimeError), TimeLimit(1.0):
        pass
