"""An old primary that is cut off and silent, keeps its connections open, and has a successor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis

from bff_core.cache import RedisCache, open_redis
from bff_core.clock import SystemClock
from services.bff_teacher.live.pubsub import RedisPubSubClient
from services.bff_teacher.live.redis_event_log import open_live_redis
from services.gateway.implementations.rate_limiter import (
    MemoryRateLimiter,
    Rate,
    RedisRateLimiter,
    redis_at,
)
from services.gateway.route_table import RateLimit
from tests import local_servers
from tests.fault_proxy.proxy import FaultProxy, fault_proxy
from tests.faults.test_redis_failover import RATES, WELL_AGAIN_SECONDS, Listener

pytestmark = pytest.mark.redis
KEY = f"gateway:rate_limit:{RateLimit.USER}:anna"


@dataclass
class Primaries:
    """An address behind which one server follows the other."""

    old: Redis
    new: Redis
    address: FaultProxy

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.address.port}/0"

    async def fail_over(self) -> None:
        """The old server answers nothing for a long time, on connections that stay open."""
        self.address.server_port = self.new.connection_pool.connection_kwargs["port"]
        await self.old.client_pause(600_000, all=True)


@pytest.fixture
async def primaries(tmp_path: Path) -> AsyncIterator[Primaries]:
    with ExitStack() as stack:
        urls = []
        for name in ("old", "new"):
            (tmp_path / name).mkdir()
            urls.append(stack.enter_context(local_servers.running_redis(tmp_path / name)))
        old, new = (Redis.from_url(url) for url in urls)
        async with fault_proxy(urlsplit(urls[0]).port or 0) as address:
            yield Primaries(old, new, address)
        await old.aclose()
        await new.aclose()


async def test_the_cache_goes_on_with_the_new_primary(primaries: Primaries) -> None:
    redis = open_redis(primaries.url)
    cache = RedisCache(redis, SystemClock(), timeout=0.5, cooldown=0.1)
    await cache.put("key", b"old", ttl=60)
    assert await cache.get("key") == b"old"
    await primaries.fail_over()

    async with asyncio.timeout(WELL_AGAIN_SECONDS):
        while await primaries.new.get("key") != b"new":
            await cache.put("key", b"new", ttl=60)
            await asyncio.sleep(0.1)

    await redis.aclose()


async def test_limits_are_shared_at_the_new_primary(primaries: Primaries) -> None:
    redis, clock = redis_at(primaries.url, timeout=0.5), SystemClock()
    fallbacks = Counter("fallbacks", "Fallbacks.", registry=CollectorRegistry())
    rates = RATES | {RateLimit.USER: Rate(1)}
    memory = MemoryRateLimiter(RATES, clock)
    limiter = RedisRateLimiter(redis, rates, memory, clock, fallbacks, timeout=0.5)
    await limiter.acquire(RateLimit.USER, "anna")
    assert await primaries.old.exists(KEY)
    await primaries.fail_over()

    async with asyncio.timeout(WELL_AGAIN_SECONDS):
        while not await primaries.new.exists(KEY):
            await limiter.acquire(RateLimit.USER, "anna")
            await asyncio.sleep(0.1)

    await redis.aclose()


async def test_the_subscription_moves_to_the_new_primary(primaries: Primaries) -> None:
    redis, listener = open_live_redis(primaries.url), Listener()
    task = asyncio.create_task(RedisPubSubClient(redis).run(listener))
    try:
        async with asyncio.timeout(WELL_AGAIN_SECONDS):
            await listener.connected.wait()
            await primaries.fail_over()
            while not await primaries.new.pubsub_channels():
                await asyncio.sleep(0.1)
            await listener.connected.wait()
    finally:
        task.cancel()
        await asyncio.wait([task])
        await redis.aclose()
