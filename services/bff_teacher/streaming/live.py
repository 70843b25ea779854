"""All streams of a process: who may open one, what wakes them, when they end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from random import random
from typing import Protocol

import structlog

from bff_core.context import RequestContext, UserId
from bff_core.errors import Unavailable
from bff_core.events import UserChannels
from services.bff_teacher.streaming.audience import Audience
from services.bff_teacher.streaming.log import RETRY_AFTER, LogAway, Remark
from services.bff_teacher.streaming.notices import Ignored, Notice, read_notice
from services.bff_teacher.streaming.redis_log import STATE
from services.bff_teacher.streaming.refreshing import Refresher
from services.bff_teacher.streaming.signals import Signals
from services.bff_teacher.streaming.stream import Surroundings
from services.bff_teacher.streaming.topics import Topic
from services.bff_teacher.streaming.watched import Watched

TICK = 1.0
REST = 1.0
START_WITHIN = 1.0
REMARKS_WAITING = 1000
READS_AT_ONCE = 32

log = structlog.get_logger()


class LiveStreams(Protocol):
    async def open(
        self, ctx: RequestContext, batch_id: str | None, after: str | None
    ) -> AsyncIterator[bytes]:
        """The body of an event stream; `after` is the id of the last event that the client has.

        Raises:
            NotFound: There is no such batch.
            NotAuthorized: It is somebody else's.
            RateLimited: The user has too many streams open.
            Unavailable: There are too many streams in all, or no place to keep what they follow.
            DownstreamError: There is no state to begin with, and it could not be read.
        """
        ...

    def drain(self) -> None:
        """End all streams: the process is going down."""
        ...


class NoLiveStreams:
    """Where there is no Redis."""

    async def open(
        self, ctx: RequestContext, batch_id: str | None, after: str | None
    ) -> AsyncIterator[bytes]:
        del ctx, batch_id, after
        raise LogAway

    def drain(self) -> None: ...


class LiveUpdates:
    """Owns the work that keeps the streams of its audience true."""

    def __init__(
        self,
        refresher: Refresher,
        signals: Signals,
        shared: Surroundings,
        audience: Audience,
        channels: UserChannels,
        *,
        jitter: Callable[[], float] = random,
    ) -> None:
        self._refresher = refresher
        self._signals = signals
        self._shared = shared
        self._audience = audience
        self._channels = channels
        self._jitter = jitter
        self._remarks: asyncio.Queue[tuple[Topic, Remark]] = asyncio.Queue(REMARKS_WAITING)
        self._places = asyncio.Semaphore(READS_AT_ONCE)
        self._group: asyncio.TaskGroup | None = None
        self._listening = False
        self._tried = asyncio.Event()
        self._draining = False

    async def run(self) -> None:
        """Keep streams true until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._signals.run(self))
                group.create_task(self._keep_time())
                group.create_task(self._remark())
        finally:
            self._group = None
            self.disconnected()

    async def open(
        self, ctx: RequestContext, batch_id: str | None, after: str | None
    ) -> AsyncIterator[bytes]:
        await self._require_open()
        self._audience.require_room(ctx.user_id)
        watched, stream = self._audience.enter(ctx, batch_id, after)
        stream.on_vanished = lambda: self._trigger(watched)
        try:
            await self._signals.follow(ctx.user_id)
            self._shared.measures.triggered("opening")
            await self._refresher.begin(watched, ctx)
        except BaseException:
            stream.on_closed()
            raise
        self._refresh(watched)
        return stream.frames()

    def drain(self) -> None:
        self._draining = True
        self._audience.end("shutdown")

    def connected(self) -> None:
        self._listening = True
        self._tried.set()

    def disconnected(self) -> None:
        """What is published from now on is not heard: whoever comes back begins where they were."""
        self._listening = False
        self._tried.set()
        self._audience.end("unavailable")

    def woken(self, message: bytes) -> None:
        user_id, _, rest = message.decode(errors="replace").partition(" ")
        name, _, word = rest.partition(" ")
        watched = self._audience.find(UserId(user_id), name)
        if watched is None:
            return
        if word == STATE:
            watched.changed()
        else:
            watched.wake()

    def noticed(self, user_id: UserId, message: bytes) -> None:
        """Something was published on a user's channel."""
        now = self._shared.clock.now()
        notice = read_notice(message, user_id, self._channels, now)
        if isinstance(notice, Ignored):
            self._shared.measures.triggered(notice)
            return
        self._shared.measures.triggered("message")
        for watched in self._audience.of(user_id):
            self._trigger(watched)
            self._put_remark(watched.topic, notice)

    async def _require_open(self) -> None:
        # Just started: whether we can listen is known in a moment.
        with suppress(TimeoutError):
            async with asyncio.timeout(START_WITHIN):
                await self._tried.wait()
        if self._draining:
            self._shared.measures.refused("shutdown")
            raise Unavailable(retry_after=RETRY_AFTER)
        if not self._listening:
            self._shared.measures.refused("unavailable")
            raise LogAway

    def _trigger(self, watched: Watched) -> None:
        watched.trigger(self._shared.clock.monotonic())
        self._refresh(watched)

    def _put_remark(self, topic: Topic, notice: Notice) -> None:
        remark = notice.remark_for(topic)
        if remark is None:
            return
        try:
            self._remarks.put_nowait((topic, remark))
        except asyncio.QueueFull:
            self._shared.measures.triggered("overflow")

    def _refresh(self, watched: Watched) -> None:
        if watched.wanted is None or watched.refreshing or self._group is None:
            return
        watched.refreshing = True
        self._group.create_task(self._refreshed(watched))

    async def _refreshed(self, watched: Watched) -> None:
        settle = watched.rhythm.settle
        try:
            await asyncio.sleep(settle / 2 + settle * self._jitter())
            async with self._places:
                await self._refresher.satisfy(watched)
        except LogAway:
            watched.end("unavailable")
        except Exception:  # the edge of work that nobody waits for: the next poll tries again
            log.exception("live_refresh_crashed")
        finally:
            watched.refreshing = False

    async def _keep_time(self) -> None:
        clock = self._shared.clock
        while True:
            await asyncio.sleep(TICK)
            now, wall = clock.monotonic(), clock.now().timestamp()
            for watched in self._audience:
                due = watched.due(now)
                if due:
                    self._shared.measures.triggered(due)
                    self._refresh(watched)
                for stream in list(watched.streams):
                    stream.tick(now, wall)
            await self._forget_deserted()

    async def _forget_deserted(self) -> None:
        for user_id in self._audience.deserted():
            if not self._audience.of(user_id):
                with suppress(LogAway):
                    await self._signals.forget(user_id)

    async def _remark(self) -> None:
        while True:
            topic, remark = await self._remarks.get()
            # Redis away ends the streams elsewhere; what only passes by is lost with it.
            with suppress(LogAway):
                await self._shared.log.remark(topic, remark)


@asynccontextmanager
async def running(live: LiveUpdates) -> AsyncIterator[None]:
    """Keep the streams true for as long as the block lasts."""
    stopping = asyncio.Event()
    task = asyncio.create_task(_kept_up(live, stopping), name="live-updates")
    try:
        yield
    finally:
        stopping.set()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _kept_up(live: LiveUpdates, stopping: asyncio.Event) -> None:
    """A bug ends all streams once, and not for good."""
    while True:
        try:
            await live.run()
        except Exception:  # the edge of work that nobody waits for
            log.exception("live_updates_crashed")
        if stopping.is_set():
            return
        await asyncio.sleep(REST)
