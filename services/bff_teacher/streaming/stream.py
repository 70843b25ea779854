"""One open stream: it keeps a place in the log and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from bff_core.clock import Clock
from bff_core.context import RequestContext
from services.bff_teacher.streaming.frames import (
    HEARTBEAT,
    OPENING,
    Ending,
    Loss,
    end_frame,
    event_frame,
    resync_frame,
    snapshot_frame,
)
from services.bff_teacher.streaming.log import Log, LogAway, Mark, News, Snapshot
from services.bff_teacher.streaming.measures import Measures
from services.bff_teacher.streaming.redis_log import A_READ
from services.bff_teacher.streaming.topics import Topic

START_WITHIN = 10.0
"""Seconds after which an answer that nobody began to send is given up."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds between signs of life, and those that one write may take."""

    heartbeat: float = 15.0
    write: float = 30.0


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all streams of a process share."""

    log: Log
    clock: Clock
    measures: Measures
    patience: Patience


class Stream:
    """Asleep unless there is news, a sign of life is due, or it ends.

    A reader that is slow makes it wait where it is: what it misses stays in the log, or is gone
    from there, and then it begins anew.
    """

    def __init__(
        self, topic: Topic, ctx: RequestContext, mark: Mark | None, shared: Surroundings
    ) -> None:
        self.topic = topic
        self.ctx = ctx
        self.on_vanished: Callable[[], None] = lambda: None
        self.on_closed: Callable[[], None] = lambda: None
        self.mark = mark
        self._shared = shared
        self._stirred = asyncio.Event()
        self._behind = True
        self._following = False
        self._ending: Ending | None = None
        self._task: asyncio.Task[object] | None = None
        self._busy_since: float | None = shared.clock.monotonic()
        self._sent_at = shared.clock.monotonic()
        self._outcome = "client_gone"

    def wake(self) -> None:
        """There may be something in the log."""
        self._behind = True
        self._stirred.set()

    def end(self, reason: Ending) -> None:
        """Say goodbye and end; the first reason counts."""
        self._ending = self._ending or reason
        self._stirred.set()

    def tick(self, now: float, wall: float) -> None:
        """Look at the time: `now` on the monotonic clock, `wall` in epoch seconds."""
        if wall >= self.ctx.token_expires_at:
            self.end("token_expired")
        if now - self._sent_at >= self._shared.patience.heartbeat:
            self._stirred.set()
        if self._busy_since is None:
            return
        busy = now - self._busy_since
        if self._task is None and busy > START_WITHIN:
            self.on_closed()
        elif self._task is not None and busy > self._shared.patience.write:
            # Nobody reads at the other end: the answer ends where it is.
            self._outcome = "stuck"
            self._task.cancel()

    async def frames(self) -> AsyncIterator[bytes]:
        """The body of the answer; the first bytes come at once."""
        self._task = asyncio.current_task()
        clock = self._shared.clock
        chunk = OPENING
        try:
            while True:
                if chunk:
                    self._sent_at = self._busy_since = clock.monotonic()
                    yield chunk
                    self._busy_since = None
                if self._ending is not None:
                    break
                chunk = await self._next()
            self._outcome = self._ending
            self._busy_since = clock.monotonic()
            yield end_frame(self._ending)
        finally:
            self._shared.measures.ended(self._outcome)
            self.on_closed()

    async def _next(self) -> bytes:
        """What to send next; nothing when it is time to end."""
        if not self._behind:
            await self._stirred.wait()
        self._stirred.clear()
        if self._ending is not None:
            return b""
        if self._behind:
            return await self._news()
        quiet = self._shared.clock.monotonic() - self._sent_at
        return HEARTBEAT if quiet >= self._shared.patience.heartbeat else b""

    async def _news(self) -> bytes:
        self._behind = False
        try:
            found = await self._shared.log.after(self.topic, self.mark)
        except LogAway:
            self.end("unavailable")
            return b""
        if found is None:
            # It has vanished: a read makes it anew, and then we are woken.
            self.on_vanished()
            return b""
        following, self._following = self._following, True
        if isinstance(found, Snapshot):
            return self._anew(found, following=following)
        return self._told(found)

    def _told(self, news: News) -> bytes:
        self.mark = news.mark
        # Woken meanwhile, it stays behind.
        self._behind = self._behind or len(news.events) >= A_READ
        for event in news.events:
            self._shared.measures.sent(event.word)
        return b"".join(event_frame(event, news.mark.epoch) for event in news.events)

    def _anew(self, snapshot: Snapshot, *, following: bool) -> bytes:
        self.mark = snapshot.mark
        self._shared.measures.sent("snapshot")
        if not snapshot.lost:
            return snapshot_frame(snapshot)
        reason: Loss = "slow" if snapshot.lost == "gap" and following else snapshot.lost
        self._shared.measures.resynced(reason)
        return resync_frame(reason) + snapshot_frame(snapshot)
