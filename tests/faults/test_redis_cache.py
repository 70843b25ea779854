"""The cache in Redis when Redis is killed, restarted, hung or talking nonsense."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bff_core.cache import RedisCache, open_redis
from bff_core.clock import SystemClock
from tests import local_servers

LIMIT = 30.0
"""Seconds for a busy machine."""
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def cache_at(url: str) -> AsyncIterator[RedisCache]:
    redis = open_redis(url)
    try:
        yield RedisCache(redis, SystemClock(), timeout=0.2, cooldown=0.05)
    finally:
        await redis.aclose()


@asynccontextmanager
async def pretender(serve: Serve) -> AsyncIterator[str]:
    """Something that listens where Redis should; gives its URL."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()


async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        pass
    writer.close()


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    writer.close()


async def slam(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


@pytest.mark.parametrize("serve", [hang, babble, slam])
async def test_a_broken_store_is_a_quick_counted_miss(serve: Serve) -> None:
    async with pretender(serve) as url, cache_at(url) as cache:
        # A store that hangs would never answer.
        async with asyncio.timeout(LIMIT):
            assert await cache.get("key") is None

        assert cache.failures == 1
        assert not await cache.ping()


@pytest.mark.redis
async def test_a_restart_is_lived_through(tmp_path: Path) -> None:
    with local_servers.running_redis(tmp_path) as url:
        async with cache_at(url) as cache:
            await cache.put("key", b"value", ttl=60.0)
            assert await cache.get("key") == b"value"
    async with cache_at(url) as cache:
        assert await cache.get("key") is None
        assert cache.failures == 1


@pytest.mark.redis
async def test_the_same_client_comes_back_with_the_store(redis_url: str) -> None:
    async with cache_at(redis_url) as cache:
        await cache.put("key", b"value", ttl=60.0)
        killer = open_redis(redis_url)
        await killer.client_kill_filter(skipme=True, _type="normal")
        await killer.aclose()

        found = [await cache.get("key")]
        await asyncio.sleep(0.1)
        found.append(await cache.get("key"))

    assert found[-1] == b"value"
