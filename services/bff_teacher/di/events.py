"""Providers of the platform's events: facts for the screens, and the consumer that writes them."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from importlib import import_module
from importlib.util import find_spec
from typing import NewType

import structlog
from dishka import Provider, Scope, provide

from bff_core.clock import Clock
from bff_core.observability import Metrics
from services.bff_teacher.config import Settings
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.upload import Uploads
from services.bff_teacher.events.consumer import EventConsumer
from services.bff_teacher.events.model import NO_EVENTS, KnownEvents
from services.bff_teacher.events.recent import RecentEvents
from services.bff_teacher.events.status import EventsStatus
from services.bff_teacher.events.store import SqlEventFacts
from services.bff_teacher.events.topics import CONTRACTS
from services.bff_teacher.live import LiveOptions, LiveStreams
from services.bff_teacher.live.background import running
from services.bff_teacher.live.event_log import EventLog
from services.bff_teacher.live.fact_announcer import FactAnnouncer
from services.bff_teacher.live.provider import MESSAGE_SOURCE
from services.bff_teacher.live.pubsub import UserChannels
from services.bff_teacher.live.redis_event_log import RedisEventLog, open_live_redis
from services.bff_teacher.ports import CachedReads

EventReading = NewType("EventReading", bool)
"""True while events are read."""
ReadEvents = NewType("ReadEvents", RecentEvents)

log = structlog.get_logger()


def events_status(settings: Settings, metrics: Metrics, clock: Clock) -> EventsStatus:
    """The status of a consumer that is still to be started."""
    status = EventsStatus(metrics, clock)
    if not settings.kafka_bootstrap_servers:
        return status
    status.state = "connecting"
    status.expect(CONTRACTS)
    if find_spec("aiokafka") is None:
        log.warning("events_not_read", reason="the extra kafka is not installed")
        status.state = "absent"
    return status


class EventsProvider(Provider):
    """Where Kafka is set, facts are shown and written; without the client library only shown."""

    scope = Scope.APP

    def __init__(
        self,
        settings: Settings,
        database: LedgerDatabase,
        live: LiveOptions,
        status: EventsStatus,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._store = SqlEventFacts(database)
        self._live = live
        self._status = status

    @provide
    async def read_events(self, clock: Clock) -> AsyncIterator[ReadEvents]:
        async with aclosing(RecentEvents(self._store, clock)) as events:
            yield ReadEvents(events)

    @provide
    def known_events(self, events: ReadEvents) -> KnownEvents:
        return events if self._status.is_on else NO_EVENTS

    @provide
    async def reading(
        self, reads: CachedReads, streams: LiveStreams, uploads: Uploads, clock: Clock
    ) -> AsyncIterator[EventReading]:
        status = self._status
        if status.state in {"off", "absent"}:
            yield EventReading(False)  # noqa: FBT003 - the type's only field
            return
        async with AsyncExitStack() as stack:
            event_log = self._event_log(stack)
            listener = FactAnnouncer(reads, streams, uploads, event_log)
            consumer = self._consumer(listener, status, clock)
            await stack.enter_async_context(running(consumer, "events"))
            yield EventReading(True)  # noqa: FBT003 - the same

    def _event_log(self, stack: AsyncExitStack) -> EventLog | None:
        if self._settings.redis_url is None:
            return None
        redis = open_live_redis(self._settings.redis_url)
        stack.push_async_callback(redis.aclose)
        channels = UserChannels(self._live.channels, MESSAGE_SOURCE)
        return RedisEventLog(redis, channels, self._live, replica=secrets.token_hex(6))

    def _consumer(
        self, listener: FactAnnouncer, status: EventsStatus, clock: Clock
    ) -> EventConsumer:
        # Imported here: it needs a library that only this needs.
        kafka = import_module("services.bff_teacher.events.kafka")
        options = kafka.KafkaOptions(**self._settings.kafka_options)
        return EventConsumer(
            lambda: kafka.KafkaSource(options, CONTRACTS), self._store, listener, status, clock
        )
