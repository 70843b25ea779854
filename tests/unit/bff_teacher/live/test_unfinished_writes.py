"""Writes that go on without their callers: how many, and who waits for them."""

import asyncio

from services.bff_teacher.live import AnnouncedWrites, NullLiveStreams
from services.bff_teacher.live.writes import MAX_UNFINISHED
from tests.unit.bff_teacher.fakes import RecordingReads


async def test_a_write_beyond_the_bound_ends_with_its_caller() -> None:
    writes = AnnouncedWrites(RecordingReads(), NullLiveStreams())
    opened, ended = asyncio.Event(), list[int]()

    async def write(number: int) -> None:
        await opened.wait()
        ended.append(number)

    callers = [
        asyncio.create_task(writes.finish(write(number))) for number in range(MAX_UNFINISHED + 1)
    ]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    opened.set()
    await writes.drain()
    await writes.aclose()

    assert ended == list(range(MAX_UNFINISHED))
