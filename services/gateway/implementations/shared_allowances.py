"""Allowances in Redis, the same for every process; in this process's memory while Redis is away."""

import asyncio
from collections.abc import Mapping

import structlog
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from bff_core.clock import Clock
from services.gateway.implementations.allowances import MemoryAllowances, Rate, refused
from services.gateway.protocols import Limit

CONNECTIONS = 64
REST = 1.0
"""Seconds for which a Redis that failed is not asked again."""

# Read, decide and write are one step for Redis, on its own clock, in microseconds: however many
# processes ask at once, no request of an allowance is given out twice.
TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local step, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local whole_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + step
local wait = whole_at - now - period
if wait > 0 then
  return wait
end
local lives = math.ceil((whole_at - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', whole_at), 'PX', lives)
return 0
"""

log = structlog.get_logger()


def redis_at(url: str, *, seconds: float) -> Redis:
    """A client that waits so long, and no longer, for anything; nothing is opened yet."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=seconds,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
    )
    return Redis(connection_pool=pool)


def count_of_misses(registry: CollectorRegistry) -> Counter:
    return Counter(
        "api_gateway_allowances_from_memory_total",
        "Requests counted in memory because Redis was away.",
        registry=registry,
    )


class RedisPing:
    """Whether Redis answers, for `/ready`."""

    name = "redis"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ping(self) -> bool:
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError):
            return False


class SharedAllowances:
    """Exact over all processes while Redis answers, exact in each while it does not."""

    def __init__(
        self,
        redis: Redis,
        rates: Mapping[Limit, Rate],
        own: MemoryAllowances,
        clock: Clock,
        misses: Counter,
        *,
        seconds: float,
    ) -> None:
        self._take = redis.register_script(TAKE)
        self._rates = rates
        self._own = own
        self._clock = clock
        self._seconds = seconds
        self._away_until = float("-inf")
        self._misses = misses

    async def take(self, limit: Limit, subject: str) -> None:
        if self._clock.monotonic() < self._away_until:
            self._take_own(limit, subject)
            return
        try:
            async with asyncio.timeout(self._seconds):
                wait = await self._ask(limit, subject)
        except (RedisError, OSError) as error:
            self._away_until = self._clock.monotonic() + REST
            log.warning("allowances_from_memory", reason=type(error).__name__)
            self._take_own(limit, subject)
            return
        if wait > 0:
            raise refused(wait / 1e6)

    async def _ask(self, limit: Limit, subject: str) -> int:
        rate = self._rates[limit]
        arguments = [int(rate.step * 1e6), int(rate.period * 1e6)]
        wait = await self._take(keys=[f"gateway:allowance:{limit}:{subject}"], args=arguments)
        return int(wait)

    def _take_own(self, limit: Limit, subject: str) -> None:
        self._misses.inc()
        self._own.take_now(limit, subject)
