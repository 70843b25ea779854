"""Marks of changes that were sent a moment ago, in Redis for all replicas, or in memory."""

from collections.abc import Callable

from cachetools import TTLCache
from redis.exceptions import RedisError

from bff_core.cache import RedisClient
from bff_core.errors import Unavailable
from services.bff_admin.ports import MARK_SECONDS

MAX_MARKS = 10_000
_PREFIX = "bff_admin:change:"


class RedisChangeMarks:
    """Implements `ChangeMarks`."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis

    async def take(self, change_id: str) -> bool:
        key, lifetime = f"{_PREFIX}{change_id}", int(MARK_SECONDS * 1000)
        try:
            return bool(await self._redis.set(key, b"1", nx=True, px=lifetime))
        except (RedisError, OSError) as error:
            raise Unavailable(
                "It cannot be checked whether this was sent before; nothing was sent now",
                details={"reason": "marks_unavailable"},
                fields={"error": type(error).__name__},
                retry_after=1.0,
            ) from error

    async def drop(self, change_id: str) -> None:
        try:
            await self._redis.delete(f"{_PREFIX}{change_id}")
        except (RedisError, OSError):
            # It expires by itself.
            return


class MemoryChangeMarks:
    """Implements `ChangeMarks` for a single process; `timer` is a monotonic clock in seconds."""

    def __init__(self, timer: Callable[[], float]) -> None:
        self._marks: TTLCache[str, bool] = TTLCache(MAX_MARKS, MARK_SECONDS, timer)

    async def take(self, change_id: str) -> bool:
        is_new = change_id not in self._marks
        self._marks.setdefault(change_id, True)
        return is_new

    async def drop(self, change_id: str) -> None:
        self._marks.pop(change_id, None)
