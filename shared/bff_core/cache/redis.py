"""Bytes in Redis; when it is away or slow, a counted miss."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bff_core.clock import Clock

T = TypeVar("T")

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RedisCacheOptions:
    """Times in seconds.

    An operation takes at most `deadline`. After a failure the store is left alone for `rest`, so
    that a store that hangs does not slow every request. `in_flight` operations run at a time, and
    what comes on top is a miss.
    """

    deadline: float = 0.05
    rest: float = 1.0
    in_flight: int = 64


class Commands(Protocol):
    """The part of a Redis client that is used."""

    def get(self, name: str) -> Awaitable[bytes | str | None]: ...

    def set(self, name: str, value: bytes, *, px: int) -> Awaitable[object]: ...

    def delete(self, name: str) -> Awaitable[object]: ...

    def ping(self) -> Awaitable[object]: ...


class FailureCounter(Protocol):
    """Counts what went wrong with a store; must not raise."""

    def store_failed(self, operation: str) -> None: ...


class Uncounted:
    def store_failed(self, operation: str) -> None: ...


def open_redis(url: str, *, connect_timeout: float = 0.5, connections: int = 64) -> Redis:
    """A client that never retries on its own: the cache decides when to try again."""
    return Redis.from_url(
        url,
        max_connections=connections,
        socket_timeout=connect_timeout,
        socket_connect_timeout=connect_timeout,
        retry=Retry(NoBackoff(), 0),
    )


class RedisCache:
    """A `SharedCache` that no request fails by; also `Pinged`, for `/ready`."""

    def __init__(
        self,
        redis: Commands,
        clock: Clock,
        options: RedisCacheOptions | None = None,
        *,
        counter: FailureCounter | None = None,
        name: str = "redis",
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._options = options or RedisCacheOptions()
        self._counter = counter or Uncounted()
        self._name = name
        self._rest_until = 0.0
        self._in_flight = 0
        self.failures = 0

    @property
    def name(self) -> str:
        return self._name

    @property
    def resting(self) -> bool:
        """Whether a failure is so recent that the store is left alone."""
        return self._clock.monotonic() < self._rest_until

    async def get(self, key: str) -> bytes | None:
        if not self._ready:
            return None
        found = await self._attempt("get", self._redis.get(key))
        # The client's types allow text, which it gives only when told to decode.
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        if self._ready and ttl >= 0.001:
            await self._attempt("put", self._redis.set(key, value, px=int(ttl * 1000)))

    async def drop(self, key: str) -> None:
        if self._ready:
            await self._attempt("drop", self._redis.delete(key))

    async def ping(self) -> bool:
        """Asks even while the store rests, and wakes it when it answers."""
        try:
            async with asyncio.timeout(1.0):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return False
        self._rest_until = 0.0
        return True

    @property
    def _ready(self) -> bool:
        return self._in_flight < self._options.in_flight and not self.resting

    async def _attempt(self, operation: str, command: Awaitable[T]) -> T | None:
        self._in_flight += 1
        try:
            async with asyncio.timeout(self._options.deadline):
                return await command
        except (RedisError, OSError, TimeoutError) as error:
            self._failed(operation, error)
            return None
        finally:
            self._in_flight -= 1

    def _failed(self, operation: str, error: Exception) -> None:
        self.failures += 1
        if not self.resting:
            # Once per rest: calls that were under way together fail together.
            _log.warning("shared_cache_failed", operation=operation, kind=type(error).__name__)
        self._rest_until = self._clock.monotonic() + self._options.rest
        self._counter.store_failed(operation)
