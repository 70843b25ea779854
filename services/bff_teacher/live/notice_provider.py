"""Dependency provider of notices."""

from collections.abc import AsyncIterator

from dishka import Provider, Scope, provide

from bff_core.clock import Clock
from services.bff_teacher.confirmations.upload import Uploads
from services.bff_teacher.live.background import running
from services.bff_teacher.live.dependencies import LiveMetrics
from services.bff_teacher.live.file_outcomes import FileOutcomeRecorder
from services.bff_teacher.live.notice_listener import NoticeListener
from services.bff_teacher.live.notices import NullNotices
from services.bff_teacher.live.provider import MESSAGE_SOURCE
from services.bff_teacher.live.pubsub import UserChannels
from services.bff_teacher.live.redis_event_log import open_live_redis
from services.bff_teacher.live.redis_notices import RedisNotices
from services.bff_teacher.ports.notices import Notices
from services.bff_teacher.screens.notifications import NotificationsScreen


class NoticeProvider(Provider):
    scope = Scope.APP

    screen = provide(NotificationsScreen)

    def __init__(self, redis_url: str | None, channels: tuple[str, ...]) -> None:
        super().__init__()
        self._redis_url = redis_url
        self._channels = UserChannels(channels, MESSAGE_SOURCE)

    @provide
    async def notices(
        self, clock: Clock, metrics: LiveMetrics, uploads: Uploads
    ) -> AsyncIterator[Notices]:
        if self._redis_url is None:
            yield NullNotices()
            return
        redis = open_live_redis(self._redis_url)
        notices = RedisNotices(redis)
        files = FileOutcomeRecorder(uploads, metrics)
        listener = NoticeListener(
            redis, notices, self._channels, clock=clock, metrics=metrics, files=files
        )
        try:
            async with running(listener, "notices"):
                yield notices
        finally:
            await redis.aclose()
