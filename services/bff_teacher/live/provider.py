"""Dependency providers of live updates."""

from collections.abc import AsyncIterator
from typing import NewType

from dishka import Provider, Scope, provide

from bff_core.clock import Clock
from bff_core.observability import Metrics
from services.bff_teacher.clients.files import HttpFiles
from services.bff_teacher.clients.ras import HttpResults
from services.bff_teacher.live.dependencies import LiveMetrics, LiveOptions, StreamDependencies
from services.bff_teacher.live.pubsub import RedisPubSubClient, UserChannels
from services.bff_teacher.live.redis_event_log import RedisEventLog, open_live_redis
from services.bff_teacher.live.refresher import Refresher
from services.bff_teacher.live.source import ScreenSource, StreamSource
from services.bff_teacher.live.subscriptions import SubscriptionRegistry
from services.bff_teacher.live.updates import LiveStreams, LiveUpdates, NullLiveStreams, running
from services.bff_teacher.ports import Classes, CurrentFacts, Students
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.dashboard import DashboardScreen

# Clients without a cache.
CurrentResults = NewType("CurrentResults", HttpResults)
CurrentFiles = NewType("CurrentFiles", HttpFiles)
ListScreen = NewType("ListScreen", DashboardScreen)

PARTS_NOT_IN_LISTS = frozenset({"classes", "student_counts", "class_activity"})
"""Parts of the dashboard that a followed list does not contain."""
MESSAGE_SOURCE = "bff_teacher"
"""`source` of the messages that this service publishes."""


class LiveProvider(Provider):
    scope = Scope.APP

    def __init__(
        self,
        redis_url: str | None,
        options: LiveOptions,
        metrics: Metrics,
        disabled_parts: frozenset[str],
    ) -> None:
        super().__init__()
        self._redis_url = redis_url
        self._options = options
        # Made at once, so that a scrape contains the metrics before the first stream.
        self._metrics = LiveMetrics(metrics)
        self._disabled_parts = disabled_parts

    @provide
    def list_screen(
        self, results: CurrentResults, classes: Classes, students: Students
    ) -> ListScreen:
        disabled = self._disabled_parts | PARTS_NOT_IN_LISTS
        return ListScreen(DashboardScreen(results, classes, students, disabled))

    @provide
    def source(
        self, list_screen: ListScreen, facts: CurrentFacts, classes: Classes, files: CurrentFiles
    ) -> StreamSource:
        detail = BatchDetailScreen(
            facts.batches, classes, facts.students, files, self._disabled_parts
        )
        return ScreenSource(list_screen, detail)

    @provide
    async def live_streams(self, source: StreamSource, clock: Clock) -> AsyncIterator[LiveStreams]:
        if self._redis_url is None:
            yield NullLiveStreams()
            return
        channels = UserChannels(self._options.channels, MESSAGE_SOURCE)
        redis = open_live_redis(self._redis_url)
        event_log = RedisEventLog(redis, channels, self._options)
        dependencies = StreamDependencies(event_log, clock, self._metrics, self._options)
        updates = LiveUpdates(
            Refresher(dependencies, source),
            RedisPubSubClient(redis),
            dependencies,
            SubscriptionRegistry(dependencies),
            channels,
        )
        try:
            async with running(updates):
                yield updates
        finally:
            await redis.aclose()
