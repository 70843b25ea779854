"""The limit on sign-in attempts by address and by e-mail."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from cachetools import TTLCache
from redis.asyncio import Redis
from redis.exceptions import RedisError

WINDOW_SECONDS = 60
log = structlog.get_logger()


class LoginLimit:
    """Allows `limit` attempts a minute per identifier, counted in Redis, or in memory without it.

    0 switches the limit off, and Redis that is away allows every attempt. Each attempt starts the
    window again, as on the platform.
    """

    def __init__(
        self,
        limit: int,
        monotonic: Callable[[], float],
        redis: Redis | None = None,
        *,
        capacity: int = 10_000,
    ) -> None:
        self.limit = limit
        self._redis = redis
        self._counts: TTLCache[str, int] = TTLCache(capacity, WINDOW_SECONDS, monotonic)

    async def exceeded(self, identifier: str) -> bool:
        return self.limit > 0 and await self._count(_key(identifier)) >= self.limit

    async def add(self, identifier: str) -> None:
        if self.limit == 0:
            return
        key = _key(identifier)
        # Read, then write, as on the platform: concurrent attempts are undercounted.
        number = await self._count(key) + 1
        if self._redis is None:
            self._counts[key] = number
        else:
            await _unless_away(self._redis.set(key, number, ex=WINDOW_SECONDS))

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _count(self, key: str) -> int:
        if self._redis is None:
            return self._counts.get(key, 0)
        return int(await _unless_away(self._redis.get(key)) or 0)


async def _unless_away(answer: Awaitable[Any]) -> Any:
    try:
        return await answer
    except (RedisError, OSError) as error:
        log.warning("login_limit_unavailable", error=type(error).__name__)
        return None


def _key(identifier: str) -> str:
    plain = identifier.replace(":", "_").replace("@", "_at_")
    return f"identity:rate_limit:login:{plain}"
