"""Caches: responses in this process's memory, and bytes in Redis that processes share."""

from bff_core.cache.redis import FailureCounter, RedisCache, open_redis
from bff_core.cache.redis_clients import RedisClient, drop_connections, redis_client
from bff_core.cache.response_cache import CacheEntry, CacheKey, Freshness, MemoryCache

__all__ = [
    "CacheEntry",
    "CacheKey",
    "FailureCounter",
    "Freshness",
    "MemoryCache",
    "RedisCache",
    "RedisClient",
    "drop_connections",
    "open_redis",
    "redis_client",
]
