"""Announcements of the file service, written to the records while a process listens."""

import asyncio
from collections.abc import Callable

import structlog
from cachetools import TTLCache

from bff_core.clock import Clock
from bff_core.context import UserId
from bff_core.errors import BffError
from services.bff_teacher.confirmations.upload import FileOutcome, Uploads
from services.bff_teacher.live.dependencies import LiveMetrics

EXPECTED_SECONDS = 300.0
"""Time after an upload for which its user is listened to, streams or not."""
MAX_EXPECTED = 10_000
MAX_PENDING = 2000

log = structlog.get_logger()


class ExpectedUsers:
    """Users whose files may be announced soon; the longest known are forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._users: TTLCache[UserId, None] = TTLCache(
            MAX_EXPECTED, EXPECTED_SECONDS, timer=clock.monotonic
        )

    def add(self, user_id: UserId) -> None:
        self._users[user_id] = None

    def __contains__(self, user_id: UserId) -> bool:
        return user_id in self._users

    def current(self) -> list[UserId]:
        return list(self._users)

    def take_expired(self) -> list[UserId]:
        """Users who are no longer expected since the last call."""
        return [user_id for user_id, _ in self._users.expire()]


class FileOutcomeRecorder:
    """Writes outcomes in turn; `on_recorded` is called with the user of each."""

    def __init__(self, uploads: Uploads, metrics: LiveMetrics) -> None:
        self._uploads = uploads
        self._metrics = metrics
        self._pending: asyncio.Queue[FileOutcome] = asyncio.Queue(MAX_PENDING)
        self.on_recorded: Callable[[UserId], None] = lambda _: None

    def put(self, outcome: FileOutcome) -> None:
        try:
            self._pending.put_nowait(outcome)
        except asyncio.QueueFull:
            self._metrics.triggers.labels("overflow").inc()

    async def run(self) -> None:
        """Write until cancelled. An outcome that cannot be written is lost; RAS lists the file later."""
        while True:
            outcome = await self._pending.get()
            try:
                await self._uploads.record(outcome)
            except BffError as error:
                log.warning("file_outcome_not_recorded", code=error.code)
            else:
                self.on_recorded(outcome.user_id)
