"""Caches: responses in this process's memory, and bytes in Redis that processes share."""

from bff_core.cache.redis import FailureCounter, RedisCache, drop_idle_connections, open_redis
from bff_core.cache.redis_pools import redis_pool
from bff_core.cache.response_cache import CacheEntry, CacheKey, Freshness, MemoryCache

__all__ = [
    "CacheEntry",
    "CacheKey",
    "FailureCounter",
    "Freshness",
    "MemoryCache",
    "RedisCache",
    "drop_idle_connections",
    "open_redis",
    "redis_pool",
]
