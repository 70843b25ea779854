"""Live updates as dependencies."""

from collections.abc import AsyncIterator
from typing import NewType

from dishka import Provider, Scope, provide

from bff_core.clock import Clock
from bff_core.observability import Metrics
from services.bff_teacher.clients.files import HttpFiles
from services.bff_teacher.clients.ras import HttpResults
from services.bff_teacher.ports import Classes, CurrentFacts, Students
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.dashboard import DashboardScreen
from services.bff_teacher.streaming.assembly import LiveConfig, live_updates
from services.bff_teacher.streaming.live import LiveStreams, NoLiveStreams
from services.bff_teacher.streaming.measures import Measures
from services.bff_teacher.streaming.sources import ScreenSource, Source

# The same clients as the screens', never answered from a cache of ours.
CurrentResults = NewType("CurrentResults", HttpResults)
CurrentFiles = NewType("CurrentFiles", HttpFiles)
ListScreen = NewType("ListScreen", DashboardScreen)

NOT_IN_LISTS = frozenset({"classes", "student_counts", "class_activity"})
"""Parts of the dashboard that a followed list does not show."""


class LiveProvider(Provider):
    """They go on for as long as the app lives."""

    scope = Scope.APP

    def __init__(
        self,
        redis_url: str | None,
        config: LiveConfig,
        metrics: Metrics,
        disabled: frozenset[str],
    ) -> None:
        super().__init__()
        self._redis_url = redis_url
        self._config = config
        # From the start, so that a scrape tells of them before anybody asks.
        self._measures = Measures(metrics)
        self._disabled = disabled

    @provide
    def dashboard(
        self, results: CurrentResults, classes: Classes, students: Students
    ) -> ListScreen:
        return ListScreen(
            DashboardScreen(results, classes, students, self._disabled | NOT_IN_LISTS)
        )

    @provide
    def source(
        self, listed: ListScreen, facts: CurrentFacts, classes: Classes, files: CurrentFiles
    ) -> Source:
        detail = BatchDetailScreen(facts.batches, classes, facts.students, files, self._disabled)
        return ScreenSource(listed, detail)

    @provide
    async def live(self, source: Source, clock: Clock) -> AsyncIterator[LiveStreams]:
        if self._redis_url is None:
            yield NoLiveStreams()
            return
        async with live_updates(
            self._redis_url, source, clock, self._measures, self._config
        ) as live:
            yield live
