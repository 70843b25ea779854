"""Telling of changes on Redis. A listener that misses one catches up by version at its next read."""

import json
from asyncio import timeout

from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

CHANNEL = "config:changes"
PATIENCE = 0.25
"""Seconds that a write waits, at most, for Redis to hear of it."""


def count_of_changes(registry: CollectorRegistry) -> Counter:
    """A scrape sees each outcome from the start: what appears at 1 never rose, to Prometheus."""
    count = Counter(
        "config_service_change_events_total",
        "Changes told on Redis, by how that went.",
        ("outcome",),
        registry=registry,
    )
    for outcome in ("told", "lost"):
        count.labels(outcome)
    return count


class RedisChangeFeed:
    name = "redis"

    def __init__(self, url: str, count: Counter) -> None:
        self._count = count
        self._redis = Redis.from_url(
            url,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), retries=0),
        )

    async def announce(self, namespace: str, version: int) -> None:
        event = json.dumps({"namespace": namespace, "version": version})
        try:
            async with timeout(PATIENCE):
                await self._redis.publish(CHANNEL, event)
        except (RedisError, OSError, TimeoutError):
            self._count.labels("lost").inc()
        else:
            self._count.labels("told").inc()

    async def ping(self) -> bool:
        try:
            async with timeout(PATIENCE):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        await self._redis.aclose()


class NullChangeFeed:
    """Without Redis, listeners find out at their next read."""

    async def announce(self, namespace: str, version: int) -> None:
        """Nobody listens."""
