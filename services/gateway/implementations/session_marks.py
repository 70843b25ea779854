"""Marks of sessions that have ended: of one session, or of all of a user's until then."""

import asyncio

import structlog
from prometheus_client import Counter
from redis.exceptions import RedisError

from bff_core.auth import RevocationMark, RevocationMarks, RevocationPublisher, RevocationTopic
from bff_core.cache import RedisClient
from bff_core.clock import Clock
from bff_core.context import UserId
from services.gateway.implementations.session_cookie import SessionContent

ENDED_SESSIONS = RevocationTopic("gateway:sessions:ended", "gateway:sessions:marks")
PUBLISH_SECONDS = 1.0

log = structlog.get_logger()


def session_subject(session_id: str) -> str:
    """The subject of a session's marks; no user id holds a colon."""
    return f"session:{session_id}"


def subjects_of(content: SessionContent) -> tuple[str, str]:
    """Subjects whose marks end the session."""
    return session_subject(content.session_id), content.user_id


class SessionMarks:
    """Holds marks in memory, and publishes them to the other processes."""

    def __init__(
        self,
        marks: RevocationMarks,
        redis: RedisClient | None,
        clock: Clock,
        failures: Counter,
        *,
        lifetime: float,
    ) -> None:
        """`lifetime` in seconds: that of a session. `failures` counts marks of this process only."""
        self._marks = marks
        self._publisher = RevocationPublisher(redis, ENDED_SESSIONS, lifetime) if redis else None
        self._clock = clock
        self._failures = failures

    def have_ended(self, content: SessionContent) -> bool:
        session, user = subjects_of(content)
        covers, since = self._marks.covers, content.created_at
        return covers(session, since) or covers(user, since)

    async def end(self, subject: str) -> bool:
        """Mark the subject; False if the other processes do not hear of it."""
        mark = RevocationMark(UserId(subject), self._clock.now().timestamp())
        self._marks.add([mark])
        if self._publisher is None:
            return True
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._publisher.publish([mark], mark.at)
        except (RedisError, OSError) as error:
            self._failures.inc()
            log.warning("session_mark_not_published", reason=type(error).__name__)
            return False
        return True
