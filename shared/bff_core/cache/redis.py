"""A shared cache in Redis; while Redis is away or slow, every read is a counted miss."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import structlog
from redis.exceptions import RedisError, ResponseError

from bff_core.cache.redis_clients import RedisClient, redis_client
from bff_core.clock import Clock

T = TypeVar("T")

PING_TIMEOUT = 1.0

_log = structlog.get_logger()


class Commands(Protocol):
    """The commands of a Redis client that the cache uses."""

    def get(self, name: str) -> Awaitable[bytes | str | None]: ...

    def set(self, name: str, value: bytes, *, px: int) -> Awaitable[object]: ...

    def delete(self, name: str) -> Awaitable[object]: ...

    def ping(self) -> Awaitable[object]: ...


class FailureCounter(Protocol):
    """Counts failed operations; must not raise."""

    def store_failed(self, operation: str) -> None: ...


def open_redis(url: str, *, connect_timeout: float = 0.5, connections: int = 64) -> RedisClient:
    """A client without retries of its own: the cache decides when to try again."""
    return redis_client(
        url, connections=connections, connect_timeout=connect_timeout, timeout=connect_timeout
    )


class RedisCache:
    """A `SharedCache` whose failures fail no request; `HealthChecked` for `/ready`.

    An operation takes at most `timeout` seconds. After a failure Redis is not used for `cooldown`
    seconds, so that a hanging Redis does not slow every request. Operations beyond `max_in_flight`
    are misses. `on_refusal` is called when Redis answers a command with an error.
    """

    def __init__(
        self,
        redis: Commands,
        clock: Clock,
        *,
        timeout: float = 0.05,
        cooldown: float = 1.0,
        max_in_flight: int = 64,
        counter: FailureCounter | None = None,
        name: str = "redis",
        on_refusal: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._timeout = timeout
        self._cooldown = cooldown
        self._max_in_flight = max_in_flight
        self._counter = counter
        self._name = name
        self._on_refusal = on_refusal
        self._cooling_until = 0.0
        self._in_flight = 0
        self._failing = False
        self.failures = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def cooling_down(self) -> bool:
        """True while Redis is not used because of a recent failure."""
        return self._clock.monotonic() < self._cooling_until

    async def get(self, key: str) -> bytes | None:
        if not self._usable:
            return None
        found = await self._run("get", self._redis.get(key))
        # The client's types allow text, which it returns only when configured to decode.
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        if self._usable and ttl >= 0.001:
            await self._run("put", self._redis.set(key, value, px=int(ttl * 1000)))

    async def drop(self, key: str) -> None:
        if self._usable:
            await self._run("drop", self._redis.delete(key))

    async def ping(self) -> bool:
        """Ping even while cooling down; a reply ends the cooldown."""
        try:
            async with asyncio.timeout(PING_TIMEOUT):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return False
        self._cooling_until = 0.0
        return True

    @property
    def _usable(self) -> bool:
        return self._in_flight < self._max_in_flight and not self.cooling_down

    async def _run(self, operation: str, command: Awaitable[T]) -> T | None:
        self._in_flight += 1
        try:
            async with asyncio.timeout(self._timeout):
                result = await command
        except (RedisError, OSError, TimeoutError) as error:
            self._record_failure(operation, error)
            if self._on_refusal is not None and isinstance(error, ResponseError):
                await self._on_refusal()
            return None
        finally:
            self._in_flight -= 1
        if self._failing:
            _log.info("shared_cache_recovered", operation=operation)
        self._failing = False
        return result

    def _record_failure(self, operation: str, error: Exception) -> None:
        self.failures += 1
        if not self._failing:
            # Once per outage: it is tried again after each cooldown.
            _log.warning("shared_cache_failed", operation=operation, kind=type(error).__name__)
        self._failing = True
        self._cooling_until = self._clock.monotonic() + self._cooldown
        if self._counter is not None:
            self._counter.store_failed(operation)
