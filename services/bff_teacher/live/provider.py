"""Dependency providers of live updates."""

import secrets
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import NewType

from dishka import Provider, Scope, alias, provide

from bff_core.clock import Clock
from bff_core.observability import Metrics
from services.bff_teacher.confirmations.upload import Uploads
from services.bff_teacher.live.background import running
from services.bff_teacher.live.dependencies import LiveMetrics, LiveOptions, StreamDependencies
from services.bff_teacher.live.file_outcomes import FileOutcomeRecorder
from services.bff_teacher.live.pubsub import RedisPubSubClient, UserChannels
from services.bff_teacher.live.redis_event_log import RedisEventLog, open_live_redis
from services.bff_teacher.live.refresher import Refresher
from services.bff_teacher.live.source import ScreenSource, StreamSource
from services.bff_teacher.live.subscriptions import SubscriptionRegistry
from services.bff_teacher.live.updates import LiveStreams, LiveUpdates, NullLiveStreams
from services.bff_teacher.live.writes import AnnouncedWrites
from services.bff_teacher.ports import (
    Batches,
    BatchWrites,
    CachedReads,
    Classes,
    Credits,
    Files,
    Results,
    Students,
    Titles,
)
from services.bff_teacher.ports.workflow import FileAnnouncements
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.dashboard import DashboardScreen
from services.bff_teacher.screens.states import StateReads

ListScreen = NewType("ListScreen", DashboardScreen)
StreamStates = NewType("StreamStates", StateReads)

PARTS_NOT_IN_LISTS = frozenset({"classes", "student_counts", "class_activity", "credits"})
"""Parts of the dashboard that a followed list does not contain."""
MAX_STATE_AGE_SECONDS = 0.5
"""A stream takes no older state from the caches that it shares with the screens."""
MESSAGE_SOURCE = "bff_teacher"
"""`source` of the messages that this service publishes."""


@dataclass(frozen=True, slots=True)
class StreamReads:
    """Ports whose reads come from the services and replace the cached ones of the user.

    So a screen is never older than the stream.
    """

    results: Results
    batches: Batches
    students: Students
    files: Files


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
    def live_metrics(self) -> LiveMetrics:
        return self._metrics

    @provide
    def stream_states(self, states: StateReads) -> StreamStates:
        return StreamStates(replace(states, max_age=MAX_STATE_AGE_SECONDS))

    @provide
    def list_screen(
        self,
        *,
        reads: StreamReads,
        classes: Classes,
        students: Students,
        states: StreamStates,
        titles: Titles,
        balances: Credits,
    ) -> ListScreen:
        return ListScreen(
            DashboardScreen(
                results=reads.results,
                classes=classes,
                students=students,
                states=states,
                titles=titles,
                balances=balances,
                disabled=self._disabled_parts | PARTS_NOT_IN_LISTS,
            )
        )

    @provide
    def source(
        self,
        list_screen: ListScreen,
        reads: StreamReads,
        classes: Classes,
        states: StreamStates,
        titles: Titles,
    ) -> StreamSource:
        detail = BatchDetailScreen(
            batches=reads.batches,
            classes=classes,
            students=reads.students,
            files=reads.files,
            states=states,
            titles=titles,
            disabled=self._disabled_parts,
        )
        return ScreenSource(list_screen, detail)

    @provide
    async def live_streams(
        self, source: StreamSource, clock: Clock, reads: CachedReads, uploads: Uploads
    ) -> AsyncIterator[LiveStreams]:
        if self._redis_url is None:
            yield NullLiveStreams()
            return
        channels = UserChannels(self._options.channels, MESSAGE_SOURCE)
        redis = open_live_redis(self._redis_url)
        replica = secrets.token_hex(6)
        event_log = RedisEventLog(redis, channels, self._options, replica=replica)
        dependencies = StreamDependencies(
            event_log, clock, self._metrics, self._options, reads, replica
        )
        updates = LiveUpdates(
            Refresher(dependencies, source),
            RedisPubSubClient(redis),
            dependencies,
            SubscriptionRegistry(dependencies),
            channels,
            files=FileOutcomeRecorder(uploads, self._metrics),
        )
        try:
            async with running(updates):
                yield updates
        finally:
            await redis.aclose()

    @provide
    async def announced_writes(
        self, reads: CachedReads, live: LiveStreams
    ) -> AsyncIterator[AnnouncedWrites]:
        async with aclosing(AnnouncedWrites(reads, live)) as writes:
            yield writes

    batch_writes = alias(source=AnnouncedWrites, provides=BatchWrites)

    @provide
    def file_announcements(self, live: LiveStreams) -> FileAnnouncements:
        return live
