"""Hears the platform's notifications to all users, and keeps them as notices.

The streams hear only users who look on; a notice is for those who do not.
"""

import asyncio
from contextlib import suppress

import structlog
from redis.exceptions import RedisError

from bff_core.cache import RedisClient, drop_connections, next_message
from bff_core.clock import Clock
from bff_core.context import UserId
from services.bff_teacher.contracts.notifications import channel_of
from services.bff_teacher.live.dependencies import LiveMetrics
from services.bff_teacher.live.event_log import EventLogUnavailable
from services.bff_teacher.live.file_outcomes import FileOutcomeRecorder
from services.bff_teacher.live.notices import notice_of
from services.bff_teacher.live.platform_notifications import (
    IgnoredReason,
    parse_notification,
)
from services.bff_teacher.live.pubsub import (
    COMMAND_TIMEOUT_SECONDS,
    PING_AFTER_SECONDS,
    RECONNECT_DELAY_SECONDS,
    UserChannels,
)
from services.bff_teacher.ports.notices import Notices

ALL_USERS = channel_of("*")
PROBE = channel_of("{probe}")
"""The channel of nobody; braces are in no user's id."""
MAX_PENDING = 2000
MAX_USER_ID = 100

log = structlog.get_logger()


class NoticeListener:
    """Each replica hears each message; the first one to append it also records a file's outcome."""

    def __init__(
        self,
        redis: RedisClient,
        notices: Notices,
        channels: UserChannels,
        *,
        clock: Clock,
        metrics: LiveMetrics,
        files: FileOutcomeRecorder,
    ) -> None:
        self._redis = redis
        self._notices = notices
        self._channels = channels
        self._clock = clock
        self._metrics = metrics
        self._files = files
        self._pending: asyncio.Queue[tuple[UserId, bytes]] = asyncio.Queue(MAX_PENDING)
        self._failing = False

    async def run(self) -> None:
        """Listen until cancelled; what is published while the connection is lost is lost, too."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._files.run())
            tasks.create_task(self._append_pending())
            tasks.create_task(self._listen_again_and_again())

    async def _listen_again_and_again(self) -> None:
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                if not self._failing:
                    log.warning("notices_not_heard", kind=type(error).__name__)
                self._failing = True
                await drop_connections(self._redis, in_use=True)
            await asyncio.sleep(RECONNECT_DELAY_SECONDS)

    async def _listen(self) -> None:
        connection = self._redis.pubsub()
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_SECONDS):
                await connection.psubscribe(ALL_USERS)
            self._failing = False
            while True:
                message = await next_message(
                    connection,
                    # It must come back: an old server may answer pings for good after a fail-over.
                    lambda: self._redis.publish(PROBE, b""),
                    silence=PING_AFTER_SECONDS,
                    patience=COMMAND_TIMEOUT_SECONDS,
                )
                if message["type"] == "pmessage":
                    self._put(message["channel"].decode(errors="replace"), message["data"])
        finally:
            await connection.aclose()  # type: ignore[no-untyped-call]  # redis has no annotation

    def _put(self, channel: str, message: bytes) -> None:
        user_id = channel.partition(":")[2]
        # A key of its own: no other user's id may be made of it.
        if not user_id.isprintable() or len(user_id) > MAX_USER_ID or set(user_id) & set("{} "):
            return
        try:
            self._pending.put_nowait((UserId(user_id), message))
        except asyncio.QueueFull:
            self._metrics.triggers.labels("overflow").inc()

    async def _append_pending(self) -> None:
        while True:
            user_id, message = await self._pending.get()
            # A notice that cannot be stored is lost.
            with suppress(EventLogUnavailable):
                await self._append(user_id, message)

    async def _append(self, user_id: UserId, message: bytes) -> None:
        found = parse_notification(message, user_id, self._channels, self._clock.now())
        if isinstance(found, IgnoredReason) or (notice := notice_of(found)) is None:
            return
        is_new = await self._notices.append(user_id, found.digest, notice)
        if is_new and (outcome := found.file_outcome_for(user_id)) is not None:
            self._files.put(outcome)
