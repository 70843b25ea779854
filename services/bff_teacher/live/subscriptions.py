"""Open streams of a process by topic, and the times at which each topic is read."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import random
from typing import Literal

from bff_core.context import RequestContext, UserId
from bff_core.errors import RateLimited, Unavailable
from services.bff_teacher.live.dependencies import LiveOptions, StreamDependencies
from services.bff_teacher.live.event_log import RETRY_AFTER_SECONDS, StreamPosition
from services.bff_teacher.live.pubsub import WakeUpKind
from services.bff_teacher.live.state import StreamTopic
from services.bff_teacher.live.stream import EndReason, EventStream
from services.bff_teacher.screens.failure_texts import language_of


@dataclass(eq=False, slots=True)
class TopicSubscription:
    """A topic, its streams, and its next reads; all times are monotonic.

    `read_needed_since` is the time after which a read must begin; None when none is needed.
    `unfinished` is False once a read has found only finished batches: it is polled seldom then,
    and so is a topic of which nothing has been heard until `active_until`.
    """

    topic: StreamTopic
    options: LiveOptions
    jitter: Callable[[], float]
    next_poll_at: float
    streams: set[EventStream] = field(default_factory=set)
    active_until: float = 0.0
    unfinished: bool = True
    read_needed_since: float | None = None
    refreshing: bool = False
    _rereads_at: list[float] = field(default_factory=list)

    def need_read(self, since: float) -> None:
        """Record that a read must begin after `since`."""
        if self.read_needed_since is None or since > self.read_needed_since:
            self.read_needed_since = since

    def read_claimed(self, since: float) -> None:
        """Record a read that began after `since`; a need that arose later remains."""
        if self.read_needed_since is not None and self.read_needed_since <= since:
            self.read_needed_since = None

    def schedule_reads(self, now: float) -> None:
        """Read now, and again later: the source may not show a change at once."""
        self.stay_active(now)
        self.need_read(now)
        self._rereads_at = [now + delay for delay in self.options.rereads]

    def stay_active(self, now: float) -> None:
        """Poll often for some time: a change seldom comes alone, and not each is announced."""
        self.active_until = now + self.options.active_seconds
        if self.unfinished:
            self.next_poll_at = min(self.next_poll_at, now + self.options.active_poll)

    def take_due_read(self, now: float) -> Literal["reread", "poll"] | None:
        """The kind of read that is due, if any; the read is recorded as needed."""
        if now >= self.next_poll_at:
            is_active = self.unfinished and now < self.active_until
            poll = self.options.active_poll if is_active else self.options.poll
            self.next_poll_at = now + poll * (0.8 + 0.4 * self.jitter())
            # A recent read of another replica is enough.
            self.need_read(now - poll / 2)
            return "poll"
        if self._rereads_at and now >= self._rereads_at[0]:
            self.need_read(self._rereads_at.pop(0))
            return "reread"
        return None

    def wake(self, kind: WakeUpKind, now: float) -> None:
        """Let all streams read the log; after a change of state no further reads are due."""
        if kind == "state":
            self._rereads_at.clear()
            self.stay_active(now)
        for stream in self.streams:
            stream.wake()

    def wake_behind(self, position: StreamPosition | None) -> None:
        """Wake the streams at another position, because a wake-up may have been lost."""
        for stream in self.streams:
            if position is not None and stream.position != position:
                stream.wake()

    def end(self, reason: EndReason) -> None:
        for stream in self.streams:
            stream.end(reason)


class SubscriptionRegistry:
    """The open streams by topic; a topic is removed with its last stream."""

    def __init__(
        self, dependencies: StreamDependencies, *, jitter: Callable[[], float] = random
    ) -> None:
        self._dependencies = dependencies
        self._jitter = jitter
        self._by_user: dict[UserId, dict[str, TopicSubscription]] = {}
        self._stream_counts: Counter[UserId] = Counter()
        self._departed: set[UserId] = set()

    def check_limits(self, user_id: UserId) -> None:
        """Refuse a stream beyond the limits.

        Raises:
            RateLimited: The user has too many streams open.
            Unavailable: The process has too many streams open.
        """
        options, refused = self._dependencies.options, self._dependencies.metrics.refused
        if self._stream_counts[user_id] >= options.per_user:
            refused.labels("user_limit").inc()
            raise RateLimited(
                "Too many event streams are open",
                details={"limit": options.per_user},
                retry_after=RETRY_AFTER_SECONDS,
            )
        if self._stream_counts.total() >= options.per_process:
            refused.labels("process_limit").inc()
            raise Unavailable("Too many event streams are open", retry_after=RETRY_AFTER_SECONDS)

    def add_stream(
        self, ctx: RequestContext, batch_id: str | None, last_event_id: str | None
    ) -> tuple[TopicSubscription, EventStream]:
        """A stream, which is removed by its `on_closed`, and the subscription of its topic."""
        language = language_of(ctx.accept_language) if batch_id else None
        topic = StreamTopic(ctx.user_id, batch_id, language)
        now = self._dependencies.clock.monotonic()
        subscription = self.find(topic.user_id, topic.name)
        if subscription is None:
            options = self._dependencies.options
            first_poll_at = now + options.poll * (0.5 + 0.5 * self._jitter())
            subscription = TopicSubscription(topic, options, self._jitter, first_poll_at)
            self._by_user.setdefault(topic.user_id, {})[topic.name] = subscription
            self._dependencies.metrics.topics.inc()
        subscription.stay_active(now)
        position = None if last_event_id is None else StreamPosition.parse(last_event_id)
        stream = EventStream(topic, ctx, position, self._dependencies)
        stream.on_closed = lambda: self._remove_stream(subscription, stream)
        subscription.streams.add(stream)
        self._stream_counts[ctx.user_id] += 1
        self._dependencies.metrics.open_streams.inc()
        return subscription, stream

    def _remove_stream(self, subscription: TopicSubscription, stream: EventStream) -> None:
        if stream not in subscription.streams:
            return
        stream.end("shutdown")
        user_id, metrics = subscription.topic.user_id, self._dependencies.metrics
        subscription.streams.discard(stream)
        self._stream_counts[user_id] -= 1
        metrics.open_streams.dec()
        if subscription.streams:
            return
        del self._by_user[user_id][subscription.topic.name]
        metrics.topics.dec()
        if not self._by_user[user_id]:
            del self._by_user[user_id], self._stream_counts[user_id]
            self._departed.add(user_id)

    def find(self, user_id: UserId, topic_name: str) -> TopicSubscription | None:
        return self._by_user.get(user_id, {}).get(topic_name)

    def of_user(self, user_id: UserId) -> list[TopicSubscription]:
        return list(self._by_user.get(user_id, {}).values())

    def __iter__(self) -> Iterator[TopicSubscription]:
        """All subscriptions; streams may be added and removed meanwhile."""
        return iter([one for topics in self._by_user.values() for one in topics.values()])

    def end_all(self, reason: EndReason) -> None:
        for subscription in self:
            subscription.end(reason)

    def take_departed_users(self) -> set[UserId]:
        """Users whose last stream has ended since the last call."""
        departed = {user_id for user_id in self._departed if user_id not in self._by_user}
        self._departed.clear()
        return departed
