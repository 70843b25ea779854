"""How often one address and one e-mail may try to sign in."""

from collections import OrderedDict
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bff_core.clock import Clock

log = structlog.get_logger()

WINDOW_SECONDS = 60


class Attempts(Protocol):
    """Attempts counted per key; every new one starts the window again, as on the platform."""

    async def count(self, key: str) -> int: ...

    async def add(self, key: str) -> None: ...

    async def close(self) -> None: ...


class MemoryAttempts:
    def __init__(self, clock: Clock, *, capacity: int = 10_000) -> None:
        self._clock = clock
        self._capacity = capacity
        self._seen: OrderedDict[str, tuple[int, float]] = OrderedDict()

    async def count(self, key: str) -> int:
        number, until = self._seen.get(key, (0, 0.0))
        return number if self._clock.monotonic() < until else 0

    async def add(self, key: str) -> None:
        number = await self.count(key) + 1
        self._seen[key] = (number, self._clock.monotonic() + WINDOW_SECONDS)
        self._seen.move_to_end(key)
        if len(self._seen) > self._capacity:
            self._seen.popitem(last=False)

    async def close(self) -> None:
        self._seen.clear()


class RedisAttempts:
    """Fails open: with Redis away everybody may try."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def count(self, key: str) -> int:
        try:
            return int(await self._redis.get(key) or 0)
        except (RedisError, OSError, ValueError) as error:
            log.warning("login_limit_unavailable", error=type(error).__name__)
            return 0

    async def add(self, key: str) -> None:
        # Read, then write: two steps on the platform too, so that racing attempts are undercounted.
        number = await self.count(key) + 1
        try:
            await self._redis.set(key, number, ex=WINDOW_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("login_limit_unavailable", error=type(error).__name__)

    async def close(self) -> None:
        await self._redis.aclose()


class LoginLimit:
    def __init__(self, attempts: Attempts, limit: int) -> None:
        """`limit` attempts a minute per identifier; 0 switches the limit off."""
        self._attempts = attempts
        self.limit = limit

    async def exceeded(self, identifier: str) -> bool:
        return self.limit > 0 and await self._attempts.count(_key(identifier)) >= self.limit

    async def add(self, identifier: str) -> None:
        if self.limit > 0:
            await self._attempts.add(_key(identifier))

    async def close(self) -> None:
        await self._attempts.close()


def _key(identifier: str) -> str:
    plain = identifier.replace(":", "_").replace("@", "_at_")
    return f"identity:rate_limit:login:{plain}"
