"""Rate limits: token buckets in this process's memory, or in Redis for all processes."""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog
from prometheus_client import Counter
from redis.exceptions import RedisError, ResponseError

from bff_core.cache import RedisClient, drop_connections, open_redis
from bff_core.clock import Clock
from bff_core.errors import RateLimited
from bff_core.token_bucket import TokenBuckets
from services.gateway.route_table import RateLimit

MAX_CONNECTIONS = 64
RETRY_DELAY = 1.0
"""Seconds without calls to a Redis that failed."""

# Redis runs a script atomically: however many processes ask at once, no token is given out twice.
# Times are in microseconds of Redis's own clock. After a fail-over they are another machine's, and
# after a jump back they lie too far ahead: such a bucket starts anew.
ACQUIRE_SCRIPT = """
local info = redis.pcall('INFO', 'server')
local run_id = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or 'unknown'
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, period = tonumber(ARGV[1]), tonumber(ARGV[2])
local stored, writer = string.match(redis.call('GET', KEYS[1]) or '', '^(%d+) (%w+)$')
local full_at = tonumber(stored or now)
if writer ~= run_id or full_at > now + period then full_at = now end
full_at = math.max(full_at, now) + interval
local wait = full_at - now - period
if wait > 0 then
  return wait
end
local expiry = math.ceil((full_at - now) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f %s', full_at, run_id), 'PX', expiry)
return 0
"""

log = structlog.get_logger()


class RateLimiter(Protocol):
    async def acquire(self, limit: RateLimit, key: str) -> None:
        """Count one request of `key`; concurrent requests never share a token.

        Raises:
            RateLimited: No token is left; `retry_after` is the time until there is one.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `amount` tokens, refilled evenly within `period` seconds."""

    amount: int
    period: float = 60.0


def rate_limited(wait: float) -> RateLimited:
    """The error for a request that is allowed in `wait` seconds."""
    return RateLimited(retry_after=max(1.0, math.ceil(wait)))


class MemoryRateLimiter:
    """Token buckets in memory; each limit keeps the `max_keys` most recently used keys."""

    def __init__(
        self, rates: Mapping[RateLimit, Rate], clock: Clock, *, max_keys: int = 100_000
    ) -> None:
        self._buckets: Mapping[RateLimit, TokenBuckets[str]] = {
            limit: TokenBuckets(clock, capacity=rate.amount, period=rate.period, max_keys=max_keys)
            for limit, rate in rates.items()
        }

    async def acquire(self, limit: RateLimit, key: str) -> None:
        wait = self._buckets[limit].take(key)
        if wait > 0:
            raise rate_limited(wait)


def redis_at(url: str, *, timeout: float) -> RedisClient:
    """A client that waits at most `timeout` seconds for anything; it connects on first use."""
    # The fallback counts at once; a retry would only use up the caller's time.
    return open_redis(url, connect_timeout=timeout, connections=MAX_CONNECTIONS)


class RedisHealthCheck:
    """Reports to `/ready` whether Redis answers."""

    name = "redis"

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def ping(self) -> bool:
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError):
            return False


class RedisRateLimiter:
    """Token buckets shared by all processes; `fallback` counts while Redis does not answer."""

    def __init__(
        self,
        redis: RedisClient,
        rates: Mapping[RateLimit, Rate],
        fallback: MemoryRateLimiter,
        clock: Clock,
        fallbacks: Counter,
        *,
        timeout: float,
    ) -> None:
        self._redis = redis
        self._script = redis.register_script(ACQUIRE_SCRIPT)
        self._rates = rates
        self._fallback = fallback
        self._fallbacks = fallbacks
        self._clock = clock
        self._timeout = timeout
        self._retry_at = float("-inf")

    async def acquire(self, limit: RateLimit, key: str) -> None:
        rate = self._rates[limit]
        arguments = [int(rate.period / rate.amount * 1e6), int(rate.period * 1e6)]
        if self._clock.monotonic() >= self._retry_at:
            try:
                async with asyncio.timeout(self._timeout):
                    keys = [f"gateway:rate_limit:{limit}:{key}"]
                    wait = int(await self._script(keys=keys, args=arguments))
            except (RedisError, OSError) as error:
                self._retry_at = self._clock.monotonic() + RETRY_DELAY
                log.warning("rate_limits_from_memory", reason=type(error).__name__)
                if isinstance(error, ResponseError):
                    await drop_connections(self._redis, in_use=False)
            else:
                if wait > 0:
                    raise rate_limited(wait / 1e6)
                return
        self._fallbacks.inc()
        await self._fallback.acquire(limit, key)
