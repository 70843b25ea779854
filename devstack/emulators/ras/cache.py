"""RAS's shared status cache: whole answers in Redis; any failure of Redis is a miss."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

# The pause between two attempts while Redis is away.
_PAUSE_SECONDS = 1.0
_SCAN_COUNT = 500


def batch_key(batch_id: str) -> str:
    return f"ras:batch:{batch_id}"


def list_key(user_id: str, limit: int, offset: int, status: str | None) -> str:
    return f"ras:user:{user_id}:batches:{limit}:{offset}:{status or 'all'}"


class StatusCache:
    """`redis` None switches the cache off."""

    def __init__(
        self, redis: Redis | None, ttl_seconds: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = redis
        self._ttl_seconds = ttl_seconds
        self._monotonic = monotonic
        self._paused_until = 0.0

    async def get(self, key: str) -> bytes | None:
        found = await self._call(lambda redis: redis.get(key))
        return found.encode() if isinstance(found, str) else found

    async def put(self, key: str, answer: bytes) -> None:
        await self._call(lambda redis: redis.set(key, answer, ex=self._ttl_seconds))

    async def delete_lists(self, user_id: str) -> None:
        """RAS does so when it registers a batch, assigns a slot or ends a pipeline."""

        async def delete(redis: Redis) -> None:
            pattern = f"ras:user:{user_id}:batches:*"
            async for key in redis.scan_iter(pattern, count=_SCAN_COUNT):
                await redis.delete(key)

        await self._call(delete)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _call(self, command: Callable[[Redis], Awaitable[Any]]) -> Any:
        """None while Redis is away."""
        if self._redis is None or self._monotonic() < self._paused_until:
            return None
        try:
            return await command(self._redis)
        except (RedisError, OSError):
            self._paused_until = self._monotonic() + _PAUSE_SECONDS
            return None
