"""What a process opens before it serves and closes after its last answer."""

from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis

from bff_core.cache import MemoryCache, MemoryOptions, RedisCache, open_redis
from bff_core.client import CacheEntry, ClientRuntime
from bff_core.clock import Clock
from bff_core.observability import Metrics
from bff_core.protocols import HealthChecked
from bff_core.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Resources:
    """What downstream calls share, and what `/ready` asks."""

    outbound: ClientRuntime
    dependencies: tuple[HealthChecked, ...] = ()
    redis: Redis | None = None

    @classmethod
    def open(cls, settings: ServiceSettings, metrics: Metrics, clock: Clock) -> "Resources":
        """Memory as bounded by the settings; Redis beside it when there is a URL.

        Breakers exist from the start, so that `/ready` and `/metrics` tell of them before anyone asks.
        """
        options = MemoryOptions(entries=settings.cache_entries, size=settings.cache_bytes)
        memory = MemoryCache[CacheEntry](options)
        if settings.redis_url is None:
            resources = cls(ClientRuntime(metrics, clock, memory))
        else:
            redis = open_redis(settings.redis_url)
            store = RedisCache(redis, clock, counter=metrics.policies)
            resources = cls(ClientRuntime(metrics, clock, memory, store), (store,), redis)
        for downstream in settings.called_services:
            resources.outbound.breaker_of(downstream)
        return resources

    def breakers(self) -> Mapping[str, str]:
        return self.outbound.states()

    async def aclose(self) -> None:
        if self.redis is not None:
            await self.redis.aclose()
