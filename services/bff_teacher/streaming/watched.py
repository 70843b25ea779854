"""A topic that somebody follows, and when its source is to be read anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from services.bff_teacher.streaming.frames import Ending
from services.bff_teacher.streaming.log import Mark
from services.bff_teacher.streaming.stream import Stream
from services.bff_teacher.streaming.topics import Topic


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds. A source may answer from a cache of its own, hence several `rereads`.

    `poll` is for what nobody tells us of; `settle` lets a burst of messages be one reason to read.
    """

    poll: float = 30.0
    rereads: Sequence[float] = (5.0, 30.0, 300.0)
    settle: float = 0.1


@dataclass(eq=False, slots=True)
class Watched:
    """`wanted` is the moment after which a read must begin; None when all is as it should be."""

    topic: Topic
    rhythm: Rhythm
    jitter: Callable[[], float]
    next_poll: float
    streams: set[Stream] = field(default_factory=set)
    wanted: float | None = None
    refreshing: bool = False
    _rereads: list[float] = field(default_factory=list)

    def want(self, since: float) -> None:
        self.wanted = since if self.wanted is None else max(self.wanted, since)

    def satisfy(self, since: float) -> None:
        """A read has begun that is good for all who wanted one by then."""
        if self.wanted is not None and self.wanted <= since:
            self.wanted = None

    def trigger(self, now: float) -> None:
        """Something has happened, whether or not the source shows it by now."""
        self.want(now)
        self._rereads = [now + later for later in self.rhythm.rereads]

    def changed(self) -> None:
        """The source showed it."""
        self._rereads.clear()
        self.wake()

    def wake(self) -> None:
        for stream in self.streams:
            stream.wake()

    def catch_up(self, mark: Mark | None) -> None:
        """Wake those that are elsewhere: a wake-up may have been lost."""
        for stream in self.streams:
            if mark is not None and stream.mark != mark:
                stream.wake()

    def end(self, reason: Ending) -> None:
        for stream in self.streams:
            stream.end(reason)

    def due(self, now: float) -> Literal["reread", "poll"] | None:
        """What is due, if anything; from now on a read is wanted."""
        if now >= self.next_poll:
            self.next_poll = now + self.rhythm.poll * (0.8 + 0.4 * self.jitter())
            # What another replica read a moment ago is as good.
            self.want(now - self.rhythm.poll / 2)
            return "poll"
        if self._rereads and now >= self._rereads[0]:
            self.want(self._rereads.pop(0))
            return "reread"
        return None
