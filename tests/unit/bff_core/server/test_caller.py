"""Who has gone is known at once, whether they leave before anybody asks, meanwhile or after."""

import asyncio

import pytest

from bff_core.server.caller import Caller
from bff_core.server.connection import while_caller_stays


async def test_answer_ends_when_its_caller_leaves() -> None:
    caller, ended = Caller(), asyncio.Event()

    async def answer() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    asking = asyncio.create_task(while_caller_stays(answer(), caller))
    await asyncio.sleep(0)
    caller.leave()

    async with asyncio.timeout(5):
        await asking
    assert ended.is_set()


async def test_answer_that_waits_ends_when_its_caller_had_left_before() -> None:
    caller = Caller()
    caller.leave()

    async with asyncio.timeout(5):
        await while_caller_stays(asyncio.sleep(3600), caller)


async def test_caller_who_leaves_after_the_answer_changes_nothing() -> None:
    caller, answered = Caller(), []

    async def answer() -> None:
        answered.append(True)

    await while_caller_stays(answer(), caller)
    caller.leave()

    assert answered == [True]


async def test_time_limit_of_the_answer_s_own_is_not_taken_for_a_caller_who_left() -> None:
    async def answer() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await while_caller_stays(answer(), Caller())
