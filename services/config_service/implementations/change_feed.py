"""Publishes changes on Redis; a subscriber that misses one sees it at its next read."""

import json
from asyncio import timeout

from prometheus_client import CollectorRegistry, Counter
from redis.exceptions import RedisError

from bff_core.cache import open_redis

CHANNEL = "config:changes"
TIMEOUT = 0.25
"""Seconds that a write waits for Redis at most."""


def change_events_counter(registry: CollectorRegistry) -> Counter:
    """Count published and lost events; both start at 0, so that Prometheus sees the first rise."""
    counter = Counter(
        "config_service_change_events_total",
        "Changes published on Redis, by outcome.",
        ("outcome",),
        registry=registry,
    )
    for outcome in ("published", "lost"):
        counter.labels(outcome)
    return counter


class RedisChangeFeed:
    name = "redis"

    def __init__(self, url: str, counter: Counter) -> None:
        self._counter = counter
        self._redis = open_redis(url, connect_timeout=TIMEOUT)

    async def publish(self, namespace: str, version: int) -> None:
        event = json.dumps({"namespace": namespace, "version": version})
        try:
            async with timeout(TIMEOUT):
                await self._redis.publish(CHANNEL, event)
        except (RedisError, OSError, TimeoutError):
            self._counter.labels("lost").inc()
        else:
            self._counter.labels("published").inc()

    async def ping(self) -> bool:
        try:
            async with timeout(TIMEOUT):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return False
        return True

    async def close(self) -> None:
        await self._redis.aclose()


class NullChangeFeed:
    """The feed without Redis: subscribers see changes at their next read."""

    async def publish(self, namespace: str, version: int) -> None:
        """Do nothing."""
