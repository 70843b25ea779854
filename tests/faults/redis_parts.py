"""Everything that the services do with Redis, at work through one URL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_hex
from typing import cast
from uuid import uuid4

from prometheus_client import CollectorRegistry, Counter
from redis.exceptions import RedisError

from bff_core.auth import (
    ACCESS_TOKENS,
    RevocationListener,
    RevocationMark,
    RevocationMarks,
    RevocationPublisher,
)
from bff_core.cache import RedisCache, RedisClient, open_redis
from bff_core.clock import SystemClock
from bff_core.context import UserId
from bff_core.observability import Metrics
from services.bff_teacher.clients.config import CHANNEL, redis_for_changes
from services.bff_teacher.live.background import running
from services.bff_teacher.live.dependencies import LiveMetrics
from services.bff_teacher.live.event_log import EventLogUnavailable, Publication, StoredState
from services.bff_teacher.live.file_outcomes import FileOutcomeRecorder
from services.bff_teacher.live.notice_listener import NoticeListener
from services.bff_teacher.live.pubsub import RedisPubSubClient, UserChannels, WakeUp
from services.bff_teacher.live.redis_event_log import RedisEventLog, open_live_redis
from services.bff_teacher.live.redis_notices import RedisNotices
from services.bff_teacher.live.state import StreamTopic
from services.config_service.implementations.change_feed import (
    RedisChangeFeed,
    change_events_counter,
)
from services.gateway.implementations.access_tokens import RedisRenewals
from services.gateway.implementations.rate_limiter import (
    MemoryRateLimiter,
    Rate,
    RedisRateLimiter,
    redis_at,
)
from services.gateway.implementations.session_cookie import AccessToken, SessionKeys
from services.gateway.implementations.sessions import ENDED_SESSIONS, SessionMarks
from services.gateway.route_table import RateLimit
from services.identity_admin.implementations.outbox_relay import (
    OutboxEvent,
    PublishFailed,
    RedisStreamPublisher,
)
from tests.faults.live_clients import message
from tests.unit.bff_teacher.file_fakes import MemoryUploads

NAMES = tuple(f"user-{number}" for number in range(12))
"""Users enough for keys at each of three masters."""
RATES = {limit: Rate(60_000) for limit in RateLimit}
PATIENCE = 5.0
"""Seconds of a command, unless told otherwise: a busy machine keeps it."""
HEARD_SECONDS = 3.0
STREAM = "identity:events"


def counter_of(name: str) -> Counter:
    return Counter(name, "For a test.", registry=CollectorRegistry())


def count(counter: Counter) -> float:
    [family] = counter.collect()
    return family.samples[0].value


@dataclass
class Heard:
    """Messages to users, and topics of wake-ups, that came."""

    messages: list[tuple[str, bytes]] = field(default_factory=list)
    topics: set[str] = field(default_factory=set)
    connections: int = 0

    def on_wake_up(self, wake_up: WakeUp) -> None:
        self.topics.add(wake_up.topic_name)

    def on_message(self, user_id: UserId, message: bytes) -> None:
        self.messages.append((user_id, message))

    def on_connected(self) -> None:
        self.connections += 1

    def on_disconnected(self) -> None: ...


class Parts:
    """What two replicas of each service hold of Redis; `failing` names what does not work."""

    def __init__(self, url: str, patience: float) -> None:
        self.clock = SystemClock()
        self.fallbacks, self.unpublished = counter_of("fallbacks"), counter_of("unpublished")
        self.here, self.there = (redis_at(url, timeout=patience) for _ in range(2))
        self.live, self.alerts = open_live_redis(url), open_live_redis(url)
        self.changes = redis_for_changes(url)
        self.cache = RedisCache(self.here, self.clock, timeout=patience, cooldown=0.1)
        memory = MemoryRateLimiter(RATES, self.clock)
        self.limiter = RedisRateLimiter(
            self.here, RATES, memory, self.clock, self.fallbacks, timeout=patience
        )
        self.log, self.heard = RedisEventLog(self.live, UserChannels()), Heard()
        self.pubsub = RedisPubSubClient(self.live)
        self.notices = RedisNotices(self.alerts)
        self.publisher = RevocationPublisher(self.here, ACCESS_TOKENS, 3600.0)
        self.marks, self.ended = (RevocationMarks(self.clock, 3600.0) for _ in range(2))
        self.listeners = [
            RevocationListener(open_redis(url, connect_timeout=patience), marks, self.clock, topic)
            for marks, topic in ((self.marks, ACCESS_TOKENS), (self.ended, ENDED_SESSIONS))
        ]
        self.sessions = SessionMarks(
            RevocationMarks(self.clock, 3600.0),
            *(self.there, self.clock, self.unpublished),
            lifetime=3600.0,
        )
        self.renewals = [
            RedisRenewals(one, SessionKeys(["s" * 32]), self.clock, timeout=patience)
            for one in (self.here, self.there)
        ]
        self.stream = RedisStreamPublisher(self.there, STREAM, 1000)
        self.feed = RedisChangeFeed(url, change_events_counter(CollectorRegistry()))

    async def failing(self) -> set[str]:
        """Names of the parts that do not do all that they should at the moment."""
        parts: dict[str, Callable[[], Awaitable[bool]]] = {
            "cache": self._cache_keeps,
            "limits": self._limits_are_counted,
            "event log": self._states_are_stored,
            "live": self._messages_are_heard,
            "notices": self._notices_are_kept,
            "revocations": self._revocations_are_heard,
            "sessions": self._ends_are_heard,
            "renewals": self._renewals_are_shared,
            "stream": self._events_are_streamed,
            "changes": self._changes_are_heard,
        }
        async with asyncio.TaskGroup() as tasks:
            works = {name: tasks.create_task(_works(part)) for name, part in parts.items()}
        return {name for name, task in works.items() if not task.result()}

    async def work(self) -> bool:
        return not await self.failing()

    @property
    def clients(self) -> list[RedisClient]:
        return [self.here, self.there, self.live, self.alerts, self.changes]

    async def _cache_keeps(self) -> bool:
        value = token_hex(8).encode()
        for name in NAMES:
            await self.cache.put(f"test:{name}", value, ttl=60)
        found = {await self.cache.get(f"test:{name}") for name in NAMES}
        await self.cache.drop("test:user-0")
        return found == {value} and await self.cache.get("test:user-0") is None

    async def _limits_are_counted(self) -> bool:
        before = count(self.fallbacks)
        for name in NAMES:
            await self.limiter.acquire(RateLimit.USER, name)
        return count(self.fallbacks) == before

    async def _states_are_stored(self) -> bool:
        stored = [await self._stored(StreamTopic(UserId(name))) for name in NAMES]
        return all(one.batches == {"b": {"status": "new"}} for one in stored)

    async def _stored(self, topic: StreamTopic) -> StoredState:
        claim = await self.log.claim_read(topic, max_age=0.001)
        before = await self.log.stored_state(topic)
        if claim.outcome == "granted":
            state = Publication(before, claim.fencing_token, {"b": {"status": "new"}}, [])
            await self.log.publish(topic, state)
        return await self.log.stored_state(topic)

    async def _messages_are_heard(self) -> bool:
        topic, told = token_hex(8), token_hex(8).encode()
        for name in NAMES:
            await self.pubsub.subscribe(UserId(name))
        await self.pubsub.announce(WakeUp(UserId("anna"), topic, "write"))
        for name in NAMES:
            await self.live.publish(f"ws:{name}", told)
        expected = {(name, told) for name in NAMES}
        return await _soon(
            lambda: topic in self.heard.topics and expected <= {*self.heard.messages}
        )

    async def _notices_are_kept(self) -> bool:
        user = UserId(f"reader-{token_hex(4)}")
        await self.alerts.publish(f"ws:{user}", message("class_created", class_id=str(uuid4())))
        async with asyncio.timeout(HEARD_SECONDS):
            while not (await self.notices.page(user, None, 10)).notices:
                await asyncio.sleep(0.02)
        return True

    async def _revocations_are_heard(self) -> bool:
        now, user = self.clock.now().timestamp(), UserId(token_hex(8))
        await self.publisher.publish([RevocationMark(user, now)], now)
        kept = await self.here.zscore(ACCESS_TOKENS.kept_key, user)
        return kept == now and await _soon(lambda: self.marks.covers(user, now))

    async def _ends_are_heard(self) -> bool:
        now, user = self.clock.now().timestamp(), token_hex(8)
        return await self.sessions.end(user) and await _soon(lambda: self.ended.covers(user, now))

    async def _renewals_are_shared(self) -> bool:
        (here, there), now = self.renewals, self.clock.now().timestamp()
        for name in NAMES:
            token = AccessToken(token_hex(8), now + 60, now + 50)
            async with here.lock(name):
                if await self.there.get(f"gateway:session:renewal:{name}") is None:
                    return False
                await here.keep(name, token)
            if await there.find(name) != token:
                return False
            if await self.there.get(f"gateway:session:renewal:{name}") is not None:
                return False
        return True

    async def _events_are_streamed(self) -> bool:
        events = [OutboxEvent(uuid4(), "topic", name, {"of": name}) for name in NAMES]
        await self.stream.publish(events)
        found = await self.here.xrevrange(STREAM, count=len(events))
        kept = cast("list[tuple[bytes, dict[bytes, bytes]]]", found or [])
        ids = [fields[b"event_id"].decode() for _, fields in reversed(kept)]
        return ids == [str(event.event_id) for event in events]

    async def _changes_are_heard(self) -> bool:
        changes = self.changes.pubsub()
        try:
            async with asyncio.timeout(HEARD_SECONDS):
                await changes.subscribe(CHANNEL)
                while (await changes.get_message(timeout=PATIENCE) or {}).get(
                    "type"
                ) != "subscribe":
                    pass
                await self.feed.publish("maintenance", 1)
                return await changes.get_message(timeout=PATIENCE) is not None
        finally:
            await changes.aclose()  # type: ignore[no-untyped-call]  # untyped in redis-py


@asynccontextmanager
async def open_parts(url: str, patience: float = PATIENCE) -> AsyncIterator[Parts]:
    """Parts whose background tasks run until the block ends; `patience` in seconds."""
    parts = Parts(url, patience)
    metrics = LiveMetrics(Metrics("parts"))
    files = FileOutcomeRecorder(MemoryUploads(), metrics)
    notices = NoticeListener(
        *(parts.alerts, parts.notices, UserChannels()),
        clock=parts.clock,
        metrics=metrics,
        files=files,
    )
    async with AsyncExitStack() as stack:
        for client in parts.clients:
            stack.push_async_callback(client.aclose)
        stack.push_async_callback(parts.feed.close)
        for listener in parts.listeners:
            stack.push_async_callback(listener.aclose)
            await listener.start()
        await stack.enter_async_context(running(_Live(parts), "parts"))
        await stack.enter_async_context(running(notices, "notices"))
        yield parts


@dataclass
class _Live:
    parts: Parts

    async def run(self) -> None:
        await self.parts.pubsub.run(self.parts.heard)


async def _works(part: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(2 * PATIENCE):
            return await part()
    except (RedisError, OSError, EventLogUnavailable, PublishFailed):
        return False


async def _soon(is_so: Callable[[], bool]) -> bool:
    try:
        async with asyncio.timeout(HEARD_SECONDS):
            while not is_so():
                await asyncio.sleep(0.02)
    except TimeoutError:
        return False
    return True
