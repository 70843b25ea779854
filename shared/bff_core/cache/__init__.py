"""Answers kept for a while: in memory, in Redis, or not at all."""

from bff_core.cache.memory import MemoryCache, MemoryOptions
from bff_core.cache.null import NullCache
from bff_core.cache.redis import FailureCounter, RedisCache, RedisCacheOptions, open_redis

__all__ = [
    "FailureCounter",
    "MemoryCache",
    "MemoryOptions",
    "NullCache",
    "RedisCache",
    "RedisCacheOptions",
    "open_redis",
]
