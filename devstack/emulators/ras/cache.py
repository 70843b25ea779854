"""RAS's shared status cache: whole answers in Redis, which may be away."""

import time
from collections.abc import Callable
from typing import Protocol

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

_ATTEMPT_SECONDS = 0.2
# A Redis that is away costs one attempt in so many seconds, not one a request.
_PAUSE_SECONDS = 1.0
_SCANNED = 500


class AnswerCache(Protocol):
    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, answer: bytes) -> None: ...

    async def forget(self, pattern: str) -> None: ...

    async def close(self) -> None: ...


def batch_key(batch_id: str) -> str:
    return f"ras:batch:{batch_id}"


def list_key(user_id: str, limit: int, offset: int, status: str | None) -> str:
    return f"ras:user:{user_id}:batches:{limit}:{offset}:{status or 'all'}"


def list_pattern(user_id: str) -> str:
    """What RAS deletes when it registers a batch, assigns a slot or ends a pipeline."""
    return f"ras:user:{user_id}:batches:*"


class NoCache:
    async def get(self, key: str) -> bytes | None:  # noqa: ARG002 — the port's signature.
        return None

    async def put(self, key: str, answer: bytes) -> None:
        pass

    async def forget(self, pattern: str) -> None:
        pass

    async def close(self) -> None:
        pass


class RedisCache:
    """Any failure of Redis is a miss."""

    def __init__(
        self, redis: Redis, ttl_seconds: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = redis
        self._ttl = ttl_seconds
        self._monotonic = monotonic
        self._away_until = 0.0

    async def get(self, key: str) -> bytes | None:
        if self._monotonic() < self._away_until:
            return None
        try:
            found = await self._redis.get(key)
        except (RedisError, OSError):
            self._pause()
            return None
        return found.encode() if isinstance(found, str) else found

    async def put(self, key: str, answer: bytes) -> None:
        if self._monotonic() < self._away_until:
            return
        try:
            await self._redis.set(key, answer, ex=self._ttl)
        except (RedisError, OSError):
            self._pause()

    async def forget(self, pattern: str) -> None:
        if self._monotonic() < self._away_until:
            return
        try:
            async for key in self._redis.scan_iter(match=pattern, count=_SCANNED):
                await self._redis.delete(key)
        except (RedisError, OSError):
            self._pause()

    async def close(self) -> None:
        await self._redis.aclose()

    def _pause(self) -> None:
        self._away_until = self._monotonic() + _PAUSE_SECONDS


def open_cache(url: str, ttl_seconds: int, *, enabled: bool) -> AnswerCache:
    if not enabled:
        return NoCache()
    redis = Redis.from_url(
        url,
        socket_connect_timeout=_ATTEMPT_SECONDS,
        socket_timeout=_ATTEMPT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    return RedisCache(redis, ttl_seconds)
