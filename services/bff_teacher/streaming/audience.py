"""Who follows what in this process, and how many more may."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import random

from bff_core.context import RequestContext, UserId
from bff_core.errors import RateLimited, Unavailable
from services.bff_teacher.screens.failure_texts import language_of
from services.bff_teacher.streaming.frames import Ending
from services.bff_teacher.streaming.log import RETRY_AFTER, Mark
from services.bff_teacher.streaming.stream import Stream, Surroundings
from services.bff_teacher.streaming.topics import Topic
from services.bff_teacher.streaming.watched import Rhythm, Watched


@dataclass(frozen=True, slots=True)
class Limits:
    """Streams that may be open in one process."""

    per_user: int = 6
    per_process: int = 2000


class Audience:
    """The open streams by topic. A topic is here as long as one of them is."""

    def __init__(
        self,
        shared: Surroundings,
        limits: Limits | None = None,
        rhythm: Rhythm | None = None,
        *,
        jitter: Callable[[], float] = random,
    ) -> None:
        self._shared = shared
        self._limits = limits or Limits()
        self._rhythm = rhythm or Rhythm()
        self._jitter = jitter
        self._watched: dict[UserId, dict[str, Watched]] = {}
        self._open: Counter[UserId] = Counter()
        self._deserted: set[UserId] = set()

    def require_room(self, user_id: UserId) -> None:
        """Let one more stream in.

        Raises:
            RateLimited: The user has too many.
            Unavailable: There are too many in all.
        """
        measures, limits = self._shared.measures, self._limits
        if self._open[user_id] >= limits.per_user:
            measures.refused("user_limit")
            details = {"limit": limits.per_user}
            raise RateLimited(
                "Too many event streams are open", details=details, retry_after=RETRY_AFTER
            )
        if self._open.total() >= limits.per_process:
            measures.refused("process_limit")
            raise Unavailable("Too many event streams are open", retry_after=RETRY_AFTER)

    def enter(
        self, ctx: RequestContext, batch_id: str | None, after: str | None
    ) -> tuple[Watched, Stream]:
        """A stream, which leaves by its `on_closed`, and the topic that it follows."""
        language = language_of(ctx.accept_language) if batch_id else None
        topic = Topic(ctx.user_id, batch_id, language)
        watched = self.find(topic.user_id, topic.name) or self._watch(topic)
        mark = None if after is None else Mark.read(after)
        stream = Stream(topic, ctx, mark, self._shared)
        stream.on_closed = lambda: self._leave(watched, stream)
        watched.streams.add(stream)
        self._open[ctx.user_id] += 1
        self._shared.measures.open_streams.inc()
        return watched, stream

    def find(self, user_id: UserId, name: str) -> Watched | None:
        return self._watched.get(user_id, {}).get(name)

    def of(self, user_id: UserId) -> list[Watched]:
        return list(self._watched.get(user_id, {}).values())

    def end(self, reason: Ending) -> None:
        for watched in self:
            watched.end(reason)

    def deserted(self) -> set[UserId]:
        """Users who have gone since the last time, and have not come back."""
        gone = {user_id for user_id in self._deserted if user_id not in self._watched}
        self._deserted.clear()
        return gone

    def __iter__(self) -> Iterator[Watched]:
        """All topics, of which any may go while one looks."""
        return iter([one for topics in self._watched.values() for one in topics.values()])

    def _watch(self, topic: Topic) -> Watched:
        first = self._shared.clock.monotonic() + self._rhythm.poll * (0.5 + 0.5 * self._jitter())
        watched = Watched(topic, self._rhythm, self._jitter, first)
        self._watched.setdefault(topic.user_id, {})[topic.name] = watched
        self._shared.measures.topics.inc()
        return watched

    def _leave(self, watched: Watched, stream: Stream) -> None:
        if stream not in watched.streams:
            return
        stream.end("shutdown")
        watched.streams.discard(stream)
        user_id = watched.topic.user_id
        self._shared.measures.open_streams.dec()
        self._open[user_id] -= 1
        if not watched.streams:
            self._forget(watched)

    def _forget(self, watched: Watched) -> None:
        user_id = watched.topic.user_id
        topics = self._watched[user_id]
        del topics[watched.topic.name]
        self._shared.measures.topics.dec()
        if not topics:
            del self._watched[user_id], self._open[user_id]
            self._deserted.add(user_id)
