"""A background task that fails is logged at once, though something still holds it."""

import asyncio

import pytest
from structlog.testing import capture_logs

from bff_core.errors import Unavailable
from bff_core.tasks import log_failure


async def fail(error: BaseException) -> None:
    raise error


async def logs_of(error: BaseException) -> list[object]:
    with capture_logs() as logs:
        task = asyncio.create_task(fail(error), name="watch")
        task.add_done_callback(log_failure)
        await asyncio.wait([task])
        # The callback runs in the next step of the loop.
        await asyncio.sleep(0)
    return [(line["event"], line["log_level"], line["task"]) for line in logs]


async def test_bug_is_logged_with_the_name_of_the_task() -> None:
    assert await logs_of(RuntimeError("a bug")) == [("background_task_failed", "error", "watch")]


@pytest.mark.parametrize("error", [Unavailable(retry_after=1), asyncio.CancelledError()])
async def test_outage_and_cancellation_are_not(error: BaseException) -> None:
    assert await logs_of(error) == []
