"""One open event stream."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from typing import Literal

from bff_core.context import RequestContext
from services.bff_teacher.live.dependencies import StreamDependencies
from services.bff_teacher.live.event_log import (
    EventBatch,
    EventLogUnavailable,
    StateSnapshot,
    StreamPosition,
)
from services.bff_teacher.live.state import StreamTopic

OPENING = b": live updates\n\n"
HEARTBEAT = b":\n\n"
RECONNECT_MS = (500, 3000)
"""Range of the `retry` field, so that not all clients of a process reconnect at once."""
START_TIMEOUT_SECONDS = 10.0
"""A response that the server has not begun to send after this time is given up."""

EndReason = Literal["shutdown", "token_expired", "unavailable"]
ResyncReason = Literal["gap", "epoch", "slow"]


class EventStream:
    """Waits for events, the next heartbeat, or the end of the stream.

    A stream holds a position in the event log and nothing else. While a client reads slowly its
    events stay in the log; when they are gone from there, it receives a snapshot.

    Attributes:
        on_state_missing: Called when the log no longer holds the topic's state.
        on_closed: Called once the stream has ended; may be called again.
    """

    def __init__(
        self,
        topic: StreamTopic,
        ctx: RequestContext,
        position: StreamPosition | None,
        dependencies: StreamDependencies,
    ) -> None:
        self.topic = topic
        self.ctx = ctx
        self.position = position
        self.on_state_missing: Callable[[], None] = lambda: None
        self.on_closed: Callable[[], None] = lambda: None
        self._event_log = dependencies.event_log
        self._clock = dependencies.clock
        self._metrics = dependencies.metrics
        self._options = dependencies.options
        self._woken = asyncio.Event()
        self._may_have_events = True
        self._has_sent_state = False
        self._end_reason: EndReason | None = None
        self._task: asyncio.Task[object] | None = None
        self._last_sent_at = self._clock.monotonic()
        self._write_started_at: float | None = self._last_sent_at
        self._outcome = "client_gone"

    def wake(self) -> None:
        """Read the event log."""
        self._may_have_events = True
        self._woken.set()

    def end(self, reason: EndReason) -> None:
        """Send an `end` event and close; the first reason counts."""
        self._end_reason = self._end_reason or reason
        self._woken.set()

    def check_time(self, now: float, wall_time: float) -> None:
        """Apply the timeouts; `now` is monotonic, `wall_time` in seconds since 1970."""
        if wall_time >= self.ctx.token_expires_at or self.ctx.is_revoked():
            self.end("token_expired")
        if now - self._last_sent_at >= self._options.heartbeat:
            self._woken.set()
        if self._write_started_at is None:
            return
        write_seconds = now - self._write_started_at
        if self._task is None and write_seconds > START_TIMEOUT_SECONDS:
            self.on_closed()
        elif self._task is not None and write_seconds > self._options.write_seconds:
            # The client does not read, so it could not receive an `end` event either.
            self._outcome = "stuck"
            self._task.cancel()

    async def frames(self) -> AsyncIterator[bytes]:
        """The response body; the first chunk is available at once."""
        self._task = asyncio.current_task()
        chunk = OPENING
        try:
            while True:
                if chunk:
                    self._last_sent_at = self._write_started_at = self._clock.monotonic()
                    yield chunk
                    self._write_started_at = None
                if self._end_reason is not None:
                    break
                chunk = await self._next_chunk()
            self._outcome = self._end_reason
            self._write_started_at = self._clock.monotonic()
            yield end_frame(self._end_reason)
        finally:
            self._metrics.ended.labels(self._outcome).inc()
            self.on_closed()

    async def _next_chunk(self) -> bytes:
        """The next bytes to send, if any."""
        if not self._may_have_events:
            await self._woken.wait()
        self._woken.clear()
        if self._end_reason is not None:
            return b""
        if not self._may_have_events:
            silence = self._clock.monotonic() - self._last_sent_at
            return HEARTBEAT if silence >= self._options.heartbeat else b""
        # Reset before the read: a wake-up during the read must not be lost.
        self._may_have_events = False
        try:
            found = await self._event_log.read_after(self.topic, self.position)
        except EventLogUnavailable:
            self.end("unavailable")
            return b""
        if found is None:
            self.on_state_missing()
            return b""
        if isinstance(found, StateSnapshot):
            chunk = self._snapshot_chunk(found)
        else:
            chunk = self._events_chunk(found)
        self._has_sent_state = True
        return chunk

    def _events_chunk(self, batch: EventBatch) -> bytes:
        self.position = batch.position
        self._may_have_events = self._may_have_events or batch.has_more
        frames = []
        for event in batch.events:
            self._metrics.events_sent.labels(event.name).inc()
            position = StreamPosition(batch.position.epoch, event.offset)
            frames.append(event_frame(event.name, event.data, position))
        return b"".join(frames)

    def _snapshot_chunk(self, snapshot: StateSnapshot) -> bytes:
        self.position = snapshot.position
        self._metrics.events_sent.labels("snapshot").inc()
        data = b'{"version":%d,"batches":%s}' % (snapshot.version, snapshot.batches)
        frame = event_frame("snapshot", data, snapshot.position)
        if not snapshot.lost:
            return frame
        was_slow = snapshot.lost == "gap" and self._has_sent_state
        reason: ResyncReason = "slow" if was_slow else snapshot.lost
        self._metrics.resyncs.labels(reason).inc()
        # Has no id: a client that is cut off before the snapshot resumes from its former position.
        return b'event: resync\ndata: {"reason":"%s"}\n\n' % reason.encode() + frame


def event_frame(name: str, data: bytes, position: StreamPosition) -> bytes:
    """A server-sent event; `data` is one line."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(position).encode(), name.encode(), data)


def end_frame(reason: EndReason) -> bytes:
    shortest, longest = RECONNECT_MS
    retry_ms = shortest + secrets.randbelow(longest - shortest)
    return b'retry: %d\nevent: end\ndata: {"reason":"%s"}\n\n' % (retry_ms, reason.encode())
