"""Reading a topic as its screen does, but never from our own cache."""

from dataclasses import dataclass
from typing import Protocol

from bff_core.context import RequestContext
from services.bff_teacher.dto.class_dashboard_v1 import DashboardQuery
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.dashboard import DashboardScreen
from services.bff_teacher.streaming.states import StreamState, detail_state, list_state
from services.bff_teacher.streaming.topics import Topic

NEWEST = 50


class Source(Protocol):
    async def read(self, ctx: RequestContext, topic: Topic) -> StreamState:
        """The topic as it is now.

        Raises:
            NotFound: There is no such batch, or not yet.
            NotAuthorized: The batch is somebody else's.
            DownstreamError: A required part could not be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class ScreenSource:
    """The screens over uncached clients; of the dashboard only what a list shows."""

    dashboard: DashboardScreen
    detail: BatchDetailScreen

    async def read(self, ctx: RequestContext, topic: Topic) -> StreamState:
        if topic.batch_id is None:
            query = DashboardQuery(limit=NEWEST, status=None, offset=0)
            return list_state(await self.dashboard.load(ctx, query))
        return detail_state((await self.detail.load(ctx, topic.batch_id)).body)
