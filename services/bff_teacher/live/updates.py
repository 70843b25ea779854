"""Live updates of a process: opens streams, reacts to messages, and keeps the time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from random import random
from typing import Protocol

import structlog

from bff_core.context import RequestContext, UserId
from bff_core.errors import Unavailable
from services.bff_teacher.live.dependencies import StreamDependencies
from services.bff_teacher.live.event_log import (
    RETRY_AFTER_SECONDS,
    ActivityEvent,
    EventLogUnavailable,
)
from services.bff_teacher.live.file_outcomes import ExpectedUsers, FileOutcomeRecorder
from services.bff_teacher.live.platform_notifications import IgnoredReason, parse_notification
from services.bff_teacher.live.pubsub import PubSubClient, UserChannels, WakeUp
from services.bff_teacher.live.refresher import Refresher
from services.bff_teacher.live.state import LIST_TOPIC, StreamTopic
from services.bff_teacher.live.subscriptions import SubscriptionRegistry, TopicSubscription

TICK_SECONDS = 1.0
CONNECT_TIMEOUT_SECONDS = 1.0
MAX_PENDING_ACTIVITIES = 1000
MAX_CONCURRENT_READS = 32

log = structlog.get_logger()


class LiveStreams(Protocol):
    async def open(
        self, ctx: RequestContext, batch_id: str | None, last_event_id: str | None
    ) -> AsyncIterator[bytes]:
        """The body of an event stream that follows the user's list, or one batch.

        Raises:
            NotFound: The batch does not exist.
            NotAuthorized: The batch belongs to another user.
            RateLimited: The user has too many streams open.
            Unavailable: The process has too many streams open, is stopping, or has no Redis.
            DownstreamError: There is no state to begin with, and it could not be read.
        """
        ...

    async def announce_write(self, user_id: UserId) -> None:
        """Let all replicas drop what they have read for the user, and read it again for streams."""
        ...

    async def expect(self, user_id: UserId) -> None:
        """Listen to what the platform tells a user, for some minutes and without a stream."""
        ...

    def drain(self) -> None:
        """End all streams and refuse new ones."""
        ...


class NullLiveStreams:
    """Refuses all streams: there is no Redis."""

    async def open(
        self, ctx: RequestContext, batch_id: str | None, last_event_id: str | None
    ) -> AsyncIterator[bytes]:
        del ctx, batch_id, last_event_id
        raise EventLogUnavailable

    async def announce_write(self, user_id: UserId) -> None: ...

    async def expect(self, user_id: UserId) -> None: ...

    def drain(self) -> None: ...


class LiveUpdates:
    """Owns the background tasks of all streams. Is the listener of its pub/sub client."""

    def __init__(
        self,
        refresher: Refresher,
        pubsub: PubSubClient,
        dependencies: StreamDependencies,
        subscriptions: SubscriptionRegistry,
        channels: UserChannels,
        *,
        files: FileOutcomeRecorder,
        jitter: Callable[[], float] = random,
    ) -> None:
        self._refresher = refresher
        self._pubsub = pubsub
        self._event_log = dependencies.event_log
        self._clock = dependencies.clock
        self._metrics = dependencies.metrics
        self._reads = dependencies.reads
        self._replica = dependencies.replica
        self._subscriptions = subscriptions
        self._channels = channels
        self._files = files
        self._expected = ExpectedUsers(dependencies.clock)
        files.on_recorded = self._on_file_recorded
        self._jitter = jitter
        self._activities: asyncio.Queue[tuple[StreamTopic, ActivityEvent]] = asyncio.Queue(
            MAX_PENDING_ACTIVITIES
        )
        self._read_slots = asyncio.Semaphore(MAX_CONCURRENT_READS)
        self._tasks: asyncio.TaskGroup | None = None
        self._connected = False
        self._connection_tried = asyncio.Event()
        self._draining = False

    async def run(self) -> None:
        """Run the background tasks until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._pubsub.run(self))
                tasks.create_task(self._tick())
                tasks.create_task(self._append_activities())
                tasks.create_task(self._files.run())
        finally:
            self._tasks = None
            self.on_disconnected()

    async def open(
        self, ctx: RequestContext, batch_id: str | None, last_event_id: str | None
    ) -> AsyncIterator[bytes]:
        # A process that has just started may still be connecting.
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_TIMEOUT_SECONDS):
                await self._connection_tried.wait()
        if self._draining:
            self._metrics.refused.labels("shutdown").inc()
            raise Unavailable(retry_after=RETRY_AFTER_SECONDS)
        if not self._connected:
            self._metrics.refused.labels("unavailable").inc()
            raise EventLogUnavailable
        self._subscriptions.check_limits(ctx.user_id)
        subscription, stream = self._subscriptions.add_stream(ctx, batch_id, last_event_id)
        stream.on_state_missing = lambda: self._read_soon(subscription)
        try:
            await self._pubsub.subscribe(ctx.user_id)
            self._metrics.triggers.labels("opening").inc()
            await self._refresher.ensure_state(subscription, ctx)
        except BaseException:
            stream.on_closed()
            raise
        self._start_refresh(subscription)
        return stream.frames()

    async def announce_write(self, user_id: UserId) -> None:
        # Without Redis, other replicas keep their reads for as long as their operations declare.
        with suppress(EventLogUnavailable):
            await self._pubsub.announce(WakeUp(user_id, LIST_TOPIC, "write", self._replica))

    async def expect(self, user_id: UserId) -> None:
        self._expected.add(user_id)
        # The next tick tries again.
        with suppress(EventLogUnavailable):
            await self._pubsub.subscribe(user_id)

    def drain(self) -> None:
        self._draining = True
        self._subscriptions.end_all("shutdown")

    def on_connected(self) -> None:
        # The wake-ups since the connection was lost are lost, too.
        self._reads.forget(None)
        self._connected = True
        self._connection_tried.set()

    def on_disconnected(self) -> None:
        """End all streams, because messages are lost; clients resume at their position."""
        self._connected = False
        self._connection_tried.set()
        self._subscriptions.end_all("unavailable")

    def on_wake_up(self, wake_up: WakeUp) -> None:
        """Drop older reads before any stream sends the event."""
        if wake_up.replica != self._replica:
            self._reads.forget(wake_up.user_id)
        if wake_up.kind == "write":
            self._read_all_soon(wake_up.user_id)
            return
        subscription = self._subscriptions.find(wake_up.user_id, wake_up.topic_name)
        if subscription is not None:
            subscription.wake(wake_up.kind, self._clock.monotonic())

    def on_message(self, user_id: UserId, message: bytes) -> None:
        """Read the user's topics, and queue the message as an activity."""
        notification = parse_notification(message, user_id, self._channels, self._clock.now())
        if isinstance(notification, IgnoredReason):
            self._metrics.triggers.labels(notification.value).inc()
            return
        self._metrics.triggers.labels("message").inc()
        self._reads.forget(user_id)
        if (outcome := notification.file_outcome_for(user_id)) is not None:
            self._files.put(outcome)
        for subscription in self._subscriptions.of_user(user_id):
            self._read_soon(subscription)
            activity = notification.activity_for(subscription.topic)
            if activity is None:
                continue
            try:
                self._activities.put_nowait((subscription.topic, activity))
            except asyncio.QueueFull:
                self._metrics.triggers.labels("overflow").inc()

    def _on_file_recorded(self, user_id: UserId) -> None:
        self._reads.forget(user_id)
        self._read_all_soon(user_id)

    def _read_all_soon(self, user_id: UserId) -> None:
        for subscription in self._subscriptions.of_user(user_id):
            self._read_soon(subscription)

    def _read_soon(self, subscription: TopicSubscription) -> None:
        subscription.schedule_reads(self._clock.monotonic())
        self._start_refresh(subscription)

    def _start_refresh(self, subscription: TopicSubscription) -> None:
        """Start the refresh task of a topic, unless it is running or no read is needed."""
        needed = subscription.read_needed_since is not None
        if needed and not subscription.refreshing and self._tasks is not None:
            subscription.refreshing = True
            self._tasks.create_task(self._refresh(subscription))

    async def _refresh(self, subscription: TopicSubscription) -> None:
        settle = subscription.options.settle
        try:
            await asyncio.sleep(settle / 2 + settle * self._jitter())
            async with self._read_slots:
                await self._refresher.refresh(subscription)
        except EventLogUnavailable:
            subscription.end("unavailable")
        except Exception:  # the outermost frame of a background task: the next poll tries again
            log.exception("live_refresh_crashed")
        finally:
            subscription.refreshing = False

    async def _tick(self) -> None:
        """Start the reads that are due, apply the timeouts of streams, and unsubscribe users."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            now, wall_time = self._clock.monotonic(), self._clock.now().timestamp()
            for subscription in self._subscriptions:
                due = subscription.take_due_read(now)
                if due:
                    self._metrics.triggers.labels(due).inc()
                    self._start_refresh(subscription)
                for stream in list(subscription.streams):
                    stream.check_time(now, wall_time)
            await self._unsubscribe_departed_users()

    async def _unsubscribe_departed_users(self) -> None:
        departed = self._subscriptions.take_departed_users() | set(self._expected.take_expired())
        for user_id in departed:
            # The user may have come back while another one was unsubscribed.
            if not self._subscriptions.of_user(user_id) and user_id not in self._expected:
                with suppress(EventLogUnavailable):
                    await self._pubsub.unsubscribe(user_id)
        for user_id in self._expected.current():
            # Does nothing unless the connection was lost in between.
            with suppress(EventLogUnavailable):
                await self._pubsub.subscribe(user_id)

    async def _append_activities(self) -> None:
        while True:
            topic, activity = await self._activities.get()
            # When the log is unavailable the streams end, and the activity is lost with them.
            with suppress(EventLogUnavailable):
                await self._event_log.append_activity(topic, activity)
