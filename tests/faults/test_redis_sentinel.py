"""Redis behind Sentinels: what the services do before, during and after the primary's death."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis

from bff_core.auth import ACCESS_TOKENS, RevocationListener, RevocationMarks
from bff_core.cache import RedisCache, open_redis
from bff_core.clock import SystemClock
from bff_core.context import UserId
from services.bff_teacher.live.pubsub import RedisPubSubClient, UserChannels, WakeUp
from services.bff_teacher.live.redis_event_log import RedisEventLog, open_live_redis
from services.bff_teacher.live.state import LIST_TOPIC, StreamTopic
from services.gateway.implementations.rate_limiter import (
    MemoryRateLimiter,
    Rate,
    RedisRateLimiter,
    redis_at,
)
from services.gateway.route_table import RateLimit
from tests import local_servers
from tests.faults.redis_parts import Heard
from tests.faults.redis_waits import eventually
from tests.faults.sentinel_processes import SERVICE, SentinelSetup, running, sentinel_setup
from tests.faults.tls_files import write_tls_files
from tests.ports import free_port

RATES = {limit: Rate(600) for limit in RateLimit}
TOPIC = StreamTopic(UserId("anna"), LIST_TOPIC)


@pytest.fixture
def binary() -> str:
    found = local_servers.redis_binary()
    if found is None:
        pytest.skip("no redis-server here: install the package redis-server")
    return found


@pytest.fixture
async def setup(binary: str, tmp_path: Path) -> AsyncIterator[SentinelSetup]:
    """Given out when the Sentinel knows the replica, which holds the primary's data."""
    with sentinel_setup(binary, tmp_path) as made:
        async with (
            Redis(port=made.sentinel_port) as sentinel,
            Redis(port=made.replica_port) as copy,
        ):

            async def is_complete() -> bool:
                known = await sentinel.execute_command("SENTINEL", "REPLICAS", SERVICE)  # type: ignore[no-untyped-call]  # redis-py has no type here
                return bool(known) and (await copy.info())["master_link_status"] == "up"

            await eventually(is_complete)
        yield made


async def test_the_cache_follows_the_primary(setup: SentinelSetup) -> None:
    redis = open_redis(setup.url, connect_timeout=5)
    cache = RedisCache(redis, SystemClock(), timeout=5)
    await cache.put("key", b"before", ttl=60)
    assert await cache.get("key") == b"before"

    setup.primary.kill()

    async def is_written() -> bool:
        await cache.put("key", b"after", ttl=60)
        return await cache.get("key") == b"after"

    try:
        await eventually(is_written)
        async with Redis(port=setup.replica_port) as new_primary:
            assert await new_primary.get("key") == b"after"
    finally:
        await redis.aclose()


async def test_limits_follow_the_primary(setup: SentinelSetup) -> None:
    redis, clock = redis_at(setup.url, timeout=5), SystemClock()
    fallbacks = Counter("fallbacks", "Fallbacks.", registry=CollectorRegistry())
    memory = MemoryRateLimiter(RATES, clock)
    limiter = RedisRateLimiter(redis, RATES, memory, clock, fallbacks, timeout=5)
    await limiter.acquire(RateLimit.USER, "anna")

    setup.primary.kill()

    async def is_counted() -> bool:
        await limiter.acquire(RateLimit.USER, "berit")
        async with Redis(port=setup.replica_port) as new_primary:
            return bool(await new_primary.exists(f"gateway:rate_limit:{RateLimit.USER}:berit"))

    try:
        await eventually(is_counted)
    finally:
        await redis.aclose()


async def test_revocations_are_heard_from_the_new_primary(setup: SentinelSetup) -> None:
    clock = SystemClock()
    marks = RevocationMarks(clock, 3600.0)
    listener = RevocationListener(open_redis(setup.url, connect_timeout=5), marks, clock)
    await listener.start()
    assert listener.connected

    setup.primary.kill()

    async def is_marked() -> bool:
        async with Redis(port=setup.replica_port) as new_primary:
            await new_primary.zadd(ACCESS_TOKENS.kept_key, {"anna": clock.now().timestamp()})
        return marks.covers(UserId("anna"), clock.now().timestamp() - 60)

    try:
        await eventually(is_marked)
    finally:
        await listener.aclose()


async def test_event_logs_and_wake_ups_follow_the_primary(setup: SentinelSetup) -> None:
    redis = open_live_redis(setup.url)
    log, heard = RedisEventLog(redis, UserChannels()), Heard()
    listening = asyncio.create_task(RedisPubSubClient(redis).run(heard))
    assert (await log.claim_read(TOPIC, max_age=1.0)).outcome == "granted"

    setup.primary.kill()

    async def is_heard() -> bool:
        claim = await log.claim_read(TOPIC, max_age=0.001)
        async with Redis(port=setup.replica_port) as new_primary:
            await new_primary.publish("live:wake", WakeUp.of(TOPIC, "state").encode())
        return claim.outcome in {"granted", "wait"} and bool(heard.topics)

    try:
        await eventually(is_heard)
    finally:
        listening.cancel()
        await asyncio.wait([listening])
        await redis.aclose()


async def test_sentinels_and_primary_over_tls_with_users_of_their_own(
    binary: str, tmp_path: Path
) -> None:
    tls, primary, sentinel = write_tls_files(tmp_path), free_port(), free_port()
    files = [f"tls-cert-file {tls.certificate}", f"tls-key-file {tls.key}"]
    files += [f"tls-ca-cert-file {tls.certificate}", "tls-auth-clients no", "tls-replication yes"]
    for name, lines in {
        "primary.conf": [f"tls-port {primary}", 'save ""', "user bff on >data-secret ~* &* +@all"],
        "sentinel.conf": [
            f"tls-port {sentinel}",
            f"sentinel monitor {SERVICE} 127.0.0.1 {primary} 1",
            f"sentinel auth-user {SERVICE} bff",
            f"sentinel auth-pass {SERVICE} data-secret",
            "user watcher on >watch-secret ~* &* +@all",
        ],
    }.items():
        both = ["port 0", "bind 127.0.0.1", f"dir {tmp_path}", "user default off"]
        (tmp_path / name).write_text("\n".join([*both, *files, *lines]) + "\n")
    options = (
        f"sentinel_username=watcher&sentinel_password=watch-secret&ssl_ca_certs={tls.certificate}"
    )
    url = f"rediss+sentinel://bff:data-secret@127.0.0.1:{sentinel}/{SERVICE}?{options}"
    with (
        running([binary, str(tmp_path / "primary.conf")], tmp_path),
        running([binary, str(tmp_path / "sentinel.conf"), "--sentinel"], tmp_path),
    ):
        redis = open_redis(url, connect_timeout=5)
        cache = RedisCache(redis, SystemClock(), timeout=5, cooldown=0)
        try:
            await eventually(cache.ping)
            await cache.put("key", b"value", ttl=60)
            assert await cache.get("key") == b"value"
            assert await redis.acl_whoami() == "bff"
        finally:
            await redis.aclose()
