"""Asks the health check of a service that is left alone after failures."""

import asyncio
from collections.abc import Awaitable, Callable

from bff_core.clock import Clock
from bff_core.errors import DownstreamError, Unavailable
from bff_core.tasks import Background

CHECK_SECONDS = 1.0
CHECK_EVERY_SECONDS = 5.0


class HealthProbe:
    """One check at a time, and at most one every `period` seconds.

    `check` returns if the service answers that it is healthy, and raises DownstreamError if not.
    """

    def __init__(
        self,
        check: Callable[[], Awaitable[object]],
        clock: Clock,
        *,
        period: float = CHECK_EVERY_SECONDS,
    ) -> None:
        self._check = check
        self._clock = clock
        self._period = period
        self._next_at = float("-inf")
        self._background = Background()

    def ask(self, when_healthy: Callable[[], None]) -> None:
        """Start a check, if one is due, and call `when_healthy` if it succeeds."""
        now = self._clock.monotonic()
        if now < self._next_at or len(self._background):
            return
        self._next_at = now + self._period
        try:
            self._background.start(self._run(when_healthy))
        except Unavailable:
            # The process stops.
            return

    async def aclose(self) -> None:
        await self._background.aclose()

    async def _run(self, when_healthy: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._check()
        except (DownstreamError, TimeoutError):
            return
        when_healthy()
