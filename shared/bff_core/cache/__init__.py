"""Answers kept for a while: in memory, in Redis, or not at all."""

from bff_core.cache._memory import MemoryCache, MemoryOptions
from bff_core.cache._null import NullCache
from bff_core.cache._redis import FailureCounter, RedisCache, RedisCacheOptions, open_redis

__all__ = [
    "FailureCounter",
    "MemoryCache",
    "MemoryOptions",
    "NullCache",
    "RedisCache",
    "RedisCacheOptions",
    "open_redis",
]
