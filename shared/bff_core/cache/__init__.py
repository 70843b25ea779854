"""Caches: responses in this process's memory, and bytes in Redis that processes share."""

from bff_core.cache.redis import (
    RedisCache,
    RedisClient,
    drop_connections,
    next_message,
    open_redis,
    redis_client,
)
from bff_core.cache.response_cache import CacheEntry, CacheKey, Freshness, MemoryCache

__all__ = [
    "CacheEntry",
    "CacheKey",
    "Freshness",
    "MemoryCache",
    "RedisCache",
    "RedisClient",
    "drop_connections",
    "next_message",
    "open_redis",
    "redis_client",
]
