"""Resources that a process opens before it serves and closes after its last response."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bff_core.cache import (
    CacheEntry,
    CacheKey,
    MemoryCache,
    RedisCache,
    RedisClient,
    open_redis,
)
from bff_core.client import ClientRuntime
from bff_core.clock import Clock
from bff_core.observability import Metrics
from bff_core.ports import BreakerStatus, HealthChecked
from bff_core.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Resources:
    """The runtime of downstream calls, and the dependencies that `/ready` pings."""

    runtime: ClientRuntime
    dependencies: tuple[HealthChecked, ...] = ()
    redis: RedisClient | None = None

    @classmethod
    def open(cls, settings: ServiceSettings, metrics: Metrics, clock: Clock) -> "Resources":
        """A bounded memory cache, and Redis when the settings have a URL.

        Breakers exist from the start, so that `/ready` and `/metrics` show them before any call.
        """
        memory: MemoryCache[CacheKey, CacheEntry] = MemoryCache(
            max_entries=settings.cache_entries, max_bytes=settings.cache_bytes
        )
        redis = shared = None
        if settings.redis_url is not None:
            redis = open_redis(settings.redis_url)
            shared = RedisCache(redis, clock, on_failure=metrics.policies.store_failed)
        runtime = ClientRuntime(metrics, clock, memory, shared)
        for downstream in settings.called_services:
            runtime.breaker_of(downstream)
        return cls(runtime, (shared,) if shared is not None else (), redis)

    def breakers(self) -> Sequence[BreakerStatus]:
        return self.runtime.states()

    def reports(self) -> Mapping[str, Mapping[str, object]]:
        """Nothing of all this works in the background."""
        return {}

    async def aclose(self) -> None:
        await self.runtime.aclose()
        if self.redis is not None:
            await self.redis.aclose()
