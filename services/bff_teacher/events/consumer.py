"""Reads events for as long as the process serves: facts are written first, then taken."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import random
from typing import Protocol

import structlog

from bff_core.clock import Clock
from bff_core.context import UserId
from bff_core.errors import Unavailable
from services.bff_teacher.confirmations.upload import FileOutcome
from services.bff_teacher.events.envelope import NotForUs, Poisonous, decode
from services.bff_teacher.events.facts import facts_of, file_outcome_of, owner_of
from services.bff_teacher.events.model import Fact, merge_all
from services.bff_teacher.events.source import EventSource, Message, SourceLost
from services.bff_teacher.events.status import EventsStatus
from services.bff_teacher.events.store import Reject, SqlEventFacts

POLL_SECONDS = 1.0
WATCH_SECONDS = 5.0
"""Time between two looks at the lag, and so the delay with which a lost broker is noticed."""
UNANSWERED_SECONDS = 60.0
"""Time without an answer after which the client library is no longer trusted to find back: it may
stop to fetch without an error, and a rebalancing takes seconds.
"""
TIDY_SECONDS = 3600.0
COUNT_SECONDS = 60.0
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
KEPT = timedelta(days=400)
NEWS = timedelta(minutes=10)
"""Older facts wake no stream: after a start, the events of weeks may be read."""

log = structlog.get_logger()


class FactListener(Protocol):
    """Hears of what is news, before the messages are taken."""

    async def on_facts(self, facts_by_owner: Mapping[UserId, Sequence[Fact]]) -> None:
        """Must neither raise nor wait long: the facts are kept already."""
        ...

    async def on_file(self, outcome: FileOutcome) -> None:
        """Record the outcome, whose `reason` is the platform's code.

        Raises:
            Unavailable: It could not be; it comes again.
        """
        ...


@dataclass(slots=True)
class Decoded:
    """The content of some messages; `owners` are those that the events themselves tell."""

    facts: list[Fact] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    files: list[FileOutcome] = field(default_factory=list)
    owners: dict[str, UserId] = field(default_factory=dict)


def delays(jitter: Callable[[], float] = random) -> Callable[[int], float]:
    """Seconds to wait after the given number of failures in a row: doubled each time, from half on."""

    def delay(failures: int) -> float:
        longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(failures, 10))
        return longest * (0.5 + jitter() / 2)

    return delay


class EventConsumer:
    """Owns one source at a time, and replaces one that does not work."""

    def __init__(
        self,
        make_source: Callable[[], EventSource],
        store: SqlEventFacts,
        listener: FactListener,
        status: EventsStatus,
        clock: Clock,
        *,
        delay: Callable[[int], float] | None = None,
    ) -> None:
        self._make_source = make_source
        self._store = store
        self._listener = listener
        self._status = status
        self._clock = clock
        self._delay = delay or delays()
        self._failures = 0
        self._tidied_at: float | None = None
        self._counted_at: float | None = None

    async def run(self) -> None:
        """Consume until cancelled; an absent broker is awaited, and is nobody's failure."""
        while True:
            try:
                await self._consume(self._make_source())
            except SourceLost as error:
                self._status.restarts.labels(error.reason).inc()
                if self._failures == 0:
                    log.warning("event_source_lost", reason=error.reason)
            await asyncio.sleep(self._delay(self._failures))
            self._failures += 1

    async def _consume(self, source: EventSource) -> None:
        """Consume until the source is lost.

        Raises:
            SourceLost: It is.
        """
        watch = Watch(source, self._status, self._clock)
        try:
            await source.start()
            while True:
                messages = await source.poll(POLL_SECONDS)
                if messages:
                    watch.heard()
                    await self._write_until_done(messages)
                    await source.commit(messages)
                await watch.look_when_due()
                if self._status.state == "connected":
                    self._failures = 0
                await self._tidy_when_due()
        finally:
            self._status.state, self._status.lag = "connecting", None
            await source.stop()

    async def _write_until_done(self, messages: Sequence[Message]) -> None:
        """Write the messages, as often as it takes: none is taken before it is written."""
        decoded, failures = self._decode(messages), 0
        while True:
            try:
                await self._write(decoded, again=failures > 0)
            except Unavailable as error:
                if failures == 0:
                    log.warning("events_not_written", code=error.code, **error.fields)
                await asyncio.sleep(self._delay(failures))
                failures += 1
            else:
                return

    async def _write(self, decoded: Decoded, *, again: bool) -> None:
        """Write and tell; `again` after an attempt that may have written, and has told nobody."""
        now = self._clock.now()
        written = await self._store.write(decoded.facts)
        if decoded.rejects:
            await self._store.reject(decoded.rejects, now)
            self._counted_at = None
        await self._record_files([one for one in decoded.files if one.at > now - NEWS])
        changed, owners = written.changed, decoded.owners | dict(written.owners)
        if again:
            changed = list(merge_all(decoded.facts).values())
            owners |= await self._store.owners({fact.batch_id for fact in changed})
        news: defaultdict[UserId, list[Fact]] = defaultdict(list)
        for fact in changed:
            owner = owners.get(fact.batch_id)
            if owner is not None and fact.at > now - NEWS:
                news[owner].append(fact)
        if news:
            await self._listener.on_facts(news)

    async def _record_files(self, outcomes: Sequence[FileOutcome]) -> None:
        unowned = {one.batch_id for one in outcomes if not one.user_id}
        owners = await self._store.owners(unowned) if unowned else {}
        for outcome in outcomes:
            owner = outcome.user_id or owners.get(outcome.batch_id)
            if owner:
                await self._listener.on_file(replace(outcome, user_id=owner))

    def _decode(self, messages: Sequence[Message]) -> Decoded:
        decoded, now = Decoded(), self._clock.now()
        for message in messages:
            try:
                event = decode(message.topic, message.value)
                found = facts_of(event, now)
                decoded.facts += [fact for fact in found if fact.at > now - KEPT]
                owner, outcome = owner_of(event), file_outcome_of(event, now)
            except NotForUs:
                self._count(message, "ignored")
            except Poisonous as poison:
                self._count(message, "rejected")
                log.warning("event_rejected", topic=message.topic, reason=poison.reason)
                decoded.rejects.append(_reject(message, poison))
            else:
                self._count(message, "read")
                decoded.owners |= {fact.batch_id: owner for fact in found if owner is not None}
                decoded.files += [outcome] if outcome else []
        return decoded

    def _count(self, message: Message, outcome: str) -> None:
        self._status.consumed.labels(message.topic, outcome).inc()

    async def _tidy_when_due(self) -> None:
        """Delete what is too old, and count the rejects; not in time is soon enough."""
        now = self._clock.monotonic()
        try:
            if self._counted_at is None or now >= self._counted_at + COUNT_SECONDS:
                self._status.rejects = await self._store.count_rejects()
                self._counted_at = now
            if self._tidied_at is None or now >= self._tidied_at + TIDY_SECONDS:
                await self._store.prune(self._clock.now() - KEPT)
                self._tidied_at = now
        except Unavailable as error:
            log.info("event_facts_not_tidied", code=error.code)


class Watch:
    """Notices a broker that is away, and a client that does not find back to it."""

    def __init__(self, source: EventSource, status: EventsStatus, clock: Clock) -> None:
        self._source = source
        self._status = status
        self._clock = clock
        self._look_at = self._answered_at = clock.monotonic()

    def heard(self) -> None:
        self._answered_at = self._clock.monotonic()
        self._status.hear()

    async def look_when_due(self) -> None:
        """Ask for the lag.

        Raises:
            SourceLost: The source has not answered for long.
        """
        now = self._clock.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + WATCH_SECONDS
        try:
            self._status.lag = await self._source.lag()
        except SourceLost:
            self._status.state, self._status.lag = "connecting", None
            if now >= self._answered_at + UNANSWERED_SECONDS:
                raise
        else:
            self._status.state = "connected"
            self._answered_at = self._clock.monotonic()


def _reject(message: Message, poison: Poisonous) -> Reject:
    size = len(message.value or b"")
    return Reject(message.topic, message.partition, message.offset, poison.reason, size)
