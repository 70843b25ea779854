"""Redis as it fails in production: a fail-over with open connections, full memory, other clocks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, ReadOnlyError

from bff_core.cache import RedisCache, open_redis
from bff_core.clock import SystemClock
from bff_core.context import UserId
from services.bff_teacher.live.event_log import EventLogUnavailable
from services.bff_teacher.live.pubsub import RedisPubSubClient, UserChannels, WakeUp
from services.bff_teacher.live.redis_event_log import RedisEventLog, open_live_redis
from services.bff_teacher.live.state import LIST_TOPIC, StreamTopic
from services.gateway.implementations.rate_limiter import (
    MemoryRateLimiter,
    Rate,
    RedisRateLimiter,
    redis_at,
)
from services.gateway.route_table import RateLimit
from tests import local_servers
from tests.ports import free_port

RATES = {limit: Rate(600) for limit in RateLimit}
WELL_AGAIN_SECONDS = 30.0
"""Ten, and the rest for a busy machine."""


FAULTS: dict[str, Callable[[Redis], Awaitable[object]]] = {
    "read_only": lambda redis: redis.replicaof("127.0.0.1", "9"),
    "full": lambda redis: redis.config_set("maxmemory", "1"),
    # A primary cut off from its replicas, which refuses writes lest they be lost.
    "isolated": lambda redis: redis.config_set("min-replicas-to-write", "1"),
}


@pytest.fixture
async def operator(redis_url: str) -> AsyncIterator[Redis]:
    """Makes the server a replica and a primary again."""
    redis = Redis.from_url(redis_url)
    await redis.flushall()
    yield redis
    await redis.replicaof("NO", "ONE")
    await redis.config_set("maxmemory", "0", "min-replicas-to-write", "0")
    await redis.flushall()
    await redis.aclose()


@pytest.fixture
async def limiter(redis_url: str) -> AsyncIterator[tuple[RedisRateLimiter, Counter]]:
    redis = redis_at(redis_url, timeout=5.0)
    fallbacks = Counter("fallbacks", "Fallbacks.", registry=CollectorRegistry())
    clock = SystemClock()
    yield (
        RedisRateLimiter(
            redis, RATES, MemoryRateLimiter(RATES, clock), clock, fallbacks, timeout=5
        ),
        fallbacks,
    )
    await redis.aclose()


async def test_a_limit_that_another_machines_clock_wrote_refuses_nobody(
    operator: Redis, limiter: tuple[RedisRateLimiter, Counter]
) -> None:
    an_hour_ahead = (SystemClock().now().timestamp() + 3600) * 1e6
    for value in (f"{an_hour_ahead:.0f}", f"{an_hour_ahead:.0f} {'0' * 40}"):
        await operator.set(f"gateway:rate_limit:{RateLimit.USER}:anna", value)

        await limiter[0].acquire(RateLimit.USER, "anna")


async def test_limits_hold_in_redis_still(
    operator: Redis, limiter: tuple[RedisRateLimiter, Counter]
) -> None:
    for _ in range(3):
        await limiter[0].acquire(RateLimit.USER, "anna")

    assert await operator.pttl(f"gateway:rate_limit:{RateLimit.USER}:anna") > 100
    await operator.script_flush()
    await limiter[0].acquire(RateLimit.USER, "anna")


@pytest.mark.parametrize("fault", ["read_only", "full", "isolated"])
async def test_limits_are_shared_again_after_redis_refused_writes(
    operator: Redis, limiter: tuple[RedisRateLimiter, Counter], fault: str
) -> None:
    rate_limiter = limiter[0]
    await rate_limiter.acquire(RateLimit.USER, "anna")
    await FAULTS[fault](operator)

    await rate_limiter.acquire(RateLimit.USER, "anna")
    await operator.replicaof("NO", "ONE")
    await operator.config_set("maxmemory", "0", "min-replicas-to-write", "0")

    async with asyncio.timeout(WELL_AGAIN_SECONDS):
        await rate_limiter.acquire(RateLimit.USER, "berta")
        # The key lives for as long as one request counts, a tenth of a second.
        while not await operator.exists(f"gateway:rate_limit:{RateLimit.USER}:berta"):
            await asyncio.sleep(0.3)
            await rate_limiter.acquire(RateLimit.USER, "berta")


@pytest.mark.redis
async def test_a_redis_that_is_loading_fails_nothing_and_is_used_when_it_has_loaded(
    tmp_path: Path,
) -> None:
    port, clock = free_port(), SystemClock()
    with local_servers.running_redis(tmp_path, port) as url:
        await fill_and_save(url)
    slowly = ["--key-load-delay", "400", "--loading-process-events-interval-bytes", "1024"]
    with local_servers.running_redis(tmp_path, port, more=slowly) as url:
        redis = open_redis(url, connect_timeout=5.0)
        with pytest.raises(BusyLoadingError):
            await redis.get("key")
        cache = RedisCache(redis, clock, timeout=5.0, cooldown=0.05)
        memory = MemoryRateLimiter(RATES, clock)
        fallbacks = Counter("fallbacks", "Fallbacks.", registry=CollectorRegistry())
        limiter = RedisRateLimiter(redis, RATES, memory, clock, fallbacks, timeout=5)

        assert await cache.get("key") is None
        await limiter.acquire(RateLimit.USER, "anna")

        assert cache.failures == 1
        async with asyncio.timeout(WELL_AGAIN_SECONDS):
            while await cache.get("key-1") is None:
                await asyncio.sleep(0.1)
        await redis.aclose()


async def fill_and_save(url: str) -> None:
    redis = Redis.from_url(url)
    await redis.mset({f"key-{number}": b"x" * 100 for number in range(10_000)})
    await redis.save()
    await redis.aclose()


async def test_a_refusal_lets_the_cache_connect_anew(operator: Redis, redis_url: str) -> None:
    redis = open_redis(redis_url, connect_timeout=5.0)
    cache = RedisCache(redis, SystemClock(), timeout=5.0)
    await cache.put("key", b"value", ttl=60)
    before = await redis.client_id()
    await operator.replicaof("127.0.0.1", "9")

    await cache.put("key", b"value", ttl=60)

    assert cache.failures == 1
    assert await redis.client_id() != before
    await redis.aclose()


async def test_a_refusal_lets_limits_connect_anew(operator: Redis, redis_url: str) -> None:
    redis, clock = redis_at(redis_url, timeout=5.0), SystemClock()
    fallbacks = Counter("fallbacks", "Fallbacks.", registry=CollectorRegistry())
    memory = MemoryRateLimiter(RATES, clock)
    limiter = RedisRateLimiter(redis, RATES, memory, clock, fallbacks, timeout=5)
    before = await redis.client_id()
    await operator.replicaof("127.0.0.1", "9")

    await limiter.acquire(RateLimit.USER, "anna")

    [family] = fallbacks.collect()
    assert family.samples[0].value == 1
    assert await redis.client_id() != before
    await redis.aclose()


class Listener:
    def __init__(self) -> None:
        self.connections = 0
        self.connected = asyncio.Event()

    def on_connected(self) -> None:
        self.connections += 1
        self.connected.set()

    def on_disconnected(self) -> None:
        self.connected.clear()

    def on_wake_up(self, wake_up: WakeUp) -> None: ...

    def on_message(self, user_id: UserId, message: bytes) -> None: ...


async def test_a_silent_subscription_to_a_replica_is_opened_anew(
    operator: Redis, redis_url: str
) -> None:
    redis, listener = open_live_redis(redis_url), Listener()
    task = asyncio.create_task(RedisPubSubClient(redis).run(listener))
    async with asyncio.timeout(WELL_AGAIN_SECONDS):
        await listener.connected.wait()
        await operator.replicaof("127.0.0.1", "9")
        while listener.connections < 2:
            await asyncio.sleep(0.1)

    task.cancel()
    await asyncio.wait({task})
    await redis.aclose()


async def test_a_lease_of_another_machines_clock_stops_no_read(
    operator: Redis, redis_url: str
) -> None:
    redis = open_live_redis(redis_url)
    log = RedisEventLog(redis, UserChannels())
    topic = StreamTopic(UserId("anna"), LIST_TOPIC)
    await operator.set("live:{anna}:lease", "1", ex=3600)

    claim = await log.claim_read(topic, max_age=1.0)

    assert claim.outcome == "granted"
    before = await redis.client_id()
    await operator.replicaof("127.0.0.1", "9")
    with pytest.raises(EventLogUnavailable) as refused:
        await log.claim_read(topic, max_age=1.0)
    assert isinstance(refused.value.__cause__, ReadOnlyError)
    assert await redis.client_id() != before
    await operator.replicaof("NO", "ONE")
    await log.claim_read(topic, max_age=1.0)
    await redis.aclose()
