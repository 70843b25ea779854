"""Waiting for a Redis that fails over."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from redis.exceptions import RedisError

from services.bff_teacher.live.event_log import EventLogUnavailable

LIMIT = 30.0
"""Seconds for a busy machine."""


async def eventually(is_so: Callable[[], Awaitable[bool]], limit: float = LIMIT) -> None:
    """Wait until it is so; a server that does not answer yet says no."""
    so = False
    async with asyncio.timeout(limit):
        while not so:
            await asyncio.sleep(0.1)
            with suppress(RedisError, OSError, EventLogUnavailable):
                so = await is_so()
