"""Redis over TLS with an ACL user, PostgreSQL over TLS with a password: as providers offer them."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest
from prometheus_client import CollectorRegistry, Counter
from redis.asyncio import Redis

from bff_core.auth import ACCESS_TOKENS, RevocationListener, RevocationMarks
from bff_core.cache import RedisCache, open_redis
from bff_core.clock import SystemClock
from bff_core.context import UserId
from bff_core.database_url import DatabaseUrl
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.live.pubsub import UserChannels
from services.bff_teacher.live.redis_event_log import RedisEventLog, open_live_redis
from services.bff_teacher.live.state import LIST_TOPIC, StreamTopic
from services.config_service.implementations.database import SqlDatabase
from services.config_service.migrations import migrate
from services.gateway.implementations.rate_limiter import (
    MemoryRateLimiter,
    Rate,
    RedisHealthCheck,
    RedisRateLimiter,
    redis_at,
)
from services.gateway.route_table import RateLimit
from tests import child_process, local_servers
from tests.faults.tls_files import TlsFiles, write_tls_files
from tests.ports import free_port

PASSWORD = "p@ss/word:#?"
ACL = "on ~* &* -@all +@read +@write +@pubsub +@scripting +@connection +info +time"
"""As docs/operations.md names it."""
LIMIT = 30.0


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return write_tls_files(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def redis_address(tls: TlsFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The part after the password in the URL of a Redis that speaks TLS only."""
    binary = local_servers.redis_binary()
    if binary is None:
        pytest.skip("no redis-server here: install the package redis-server")
    port, folder = free_port(), tmp_path_factory.mktemp("redis-tls")
    command = [binary, "--bind", "127.0.0.1", "--port", "0", "--tls-port", str(port), "--save", ""]
    files: list[str | Path] = ["--tls-cert-file", tls.certificate, "--tls-key-file", tls.key]
    users = ["--user", *f"bff >{PASSWORD} {ACL}".split(" "), "--user", "default", "off"]
    process = subprocess.Popen(
        [*command, *files, "--tls-auth-clients", "no", "--dir", folder, *users],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"@127.0.0.1:{port}/0?ssl_ca_certs={tls.certificate}"
    finally:
        child_process.end(process, seconds=LIMIT)


@pytest.fixture
async def tls_redis_url(redis_address: str) -> str:
    url = f"rediss://bff:{quote(PASSWORD, safe='')}{redis_address}"
    redis = Redis.from_url(url)
    async with asyncio.timeout(LIMIT):
        while not await RedisHealthCheck(redis).ping():
            await asyncio.sleep(0.05)
    await redis.aclose()
    return url


async def test_the_cache_works_over_tls_with_an_acl_user(tls_redis_url: str) -> None:
    redis = open_redis(tls_redis_url, connect_timeout=5)
    cache = RedisCache(redis, SystemClock(), timeout=5)

    await cache.put("cache:key", b"value", ttl=60)

    assert await cache.get("cache:key") == b"value"
    assert cache.failures == 0
    await redis.aclose()


async def test_rate_limits_work_over_tls_with_an_acl_user(tls_redis_url: str) -> None:
    redis, clock = redis_at(tls_redis_url, timeout=5), SystemClock()
    rates = {limit: Rate(600) for limit in RateLimit}
    fallbacks = Counter("fallbacks", "Fallbacks.", registry=CollectorRegistry())
    memory = MemoryRateLimiter(rates, clock)
    limiter = RedisRateLimiter(redis, rates, memory, clock, fallbacks, timeout=5)

    await limiter.acquire(RateLimit.USER, "anna")

    [family] = fallbacks.collect()
    assert family.samples[0].value == 0
    assert await redis.exists(f"gateway:rate_limit:{RateLimit.USER}:anna")
    await redis.aclose()


async def test_event_logs_work_over_tls_with_an_acl_user(tls_redis_url: str) -> None:
    redis = open_live_redis(tls_redis_url)
    log = RedisEventLog(redis, UserChannels())

    claim = await log.claim_read(StreamTopic(UserId("anna"), LIST_TOPIC), max_age=1.0)

    assert claim.outcome == "granted"
    await redis.aclose()


async def test_revocations_are_heard_over_tls_with_an_acl_user(tls_redis_url: str) -> None:
    clock, redis = SystemClock(), Redis.from_url(tls_redis_url)
    await redis.zadd(ACCESS_TOKENS.kept_key, {"anna": clock.now().timestamp()})
    marks = RevocationMarks(clock, 3600.0)
    listener = RevocationListener(Redis.from_url(tls_redis_url), marks, clock)

    await listener.start()
    async with asyncio.timeout(LIMIT):
        while not listener.connected:
            await asyncio.sleep(0.05)

    assert len(marks) == 1
    await listener.aclose()
    await redis.aclose()


@pytest.mark.parametrize(
    "scheme_and_user", ["rediss://bff:wrong", "rediss://nobody:x", "redis://bff:wrong"]
)
async def test_a_wrong_user_or_no_tls_is_not_ready_and_no_failure(
    scheme_and_user: str, redis_address: str, tls_redis_url: str
) -> None:
    address = (
        redis_address
        if scheme_and_user.startswith("rediss")
        else redis_address.split("?", maxsplit=1)[0]
    )
    redis, before = redis_at(f"{scheme_and_user}{address}", timeout=5), open_sockets()

    assert await RedisHealthCheck(redis).ping() is False
    await redis.aclose()
    # The client does not wait for the end of a connection that was refused; TLS takes a while.
    async with asyncio.timeout(10):
        while open_sockets() > before:
            await asyncio.sleep(0.01)


def open_sockets() -> int:
    """Sockets of this process."""
    targets = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            # That of the look itself is gone by now.
            targets.append(str(descriptor.readlink()))
    return sum(target.startswith("socket:") for target in targets)


def require_tls(rules: Path, tls: TlsFiles) -> None:
    """Write the server's rules for clients, and its certificate beside them."""
    rules.write_text(
        "host all postgres 127.0.0.1/32 trust\nhostssl all bff 127.0.0.1/32 scram-sha-256\n"
    )
    owner = rules.stat()
    for name, source in (("server.crt", tls.certificate), ("server.key", tls.key)):
        target = rules.with_name(name)
        target.write_bytes(source.read_bytes())
        target.chmod(0o600)
        os.chown(target, owner.st_uid, owner.st_gid)


@pytest.fixture
async def postgres_address(tls: TlsFiles) -> AsyncIterator[str]:
    """A server that admits the user `bff` by TLS and password only; what follows the password."""
    binaries = local_servers.postgres_folder()
    if binaries is None:
        pytest.skip("no PostgreSQL here: install the package postgresql")
    with local_servers.running_postgres(binaries) as server:
        url = DatabaseUrl.parse(server).url
        admin = await asyncpg.connect(host=url.host, port=url.port, user="postgres")
        require_tls(Path(await admin.fetchval("SHOW hba_file")), tls)
        await admin.execute(f"CREATE ROLE bff SUPERUSER LOGIN PASSWORD '{PASSWORD}'")
        await admin.execute("ALTER SYSTEM SET ssl = on")
        await admin.execute("SELECT pg_reload_conf()")
        async with asyncio.timeout(LIMIT):
            while await admin.fetchval("SHOW ssl") != "on":
                await asyncio.sleep(0.05)
        await admin.close()
        yield f"@127.0.0.1:{url.port}/postgres"


async def test_databases_work_over_tls_with_a_password(
    postgres_address: str, tls: TlsFiles
) -> None:
    url = f"postgres://bff:{quote(PASSWORD, safe='')}{postgres_address}"
    verified = f"{url}?sslmode=verify-full&sslrootcert={tls.certificate}"
    for given in (f"{url}?sslmode=require", verified):
        ledger = LedgerDatabase(given, timeout=LIMIT)
        database = SqlDatabase(DatabaseUrl.parse(given), max_wait=LIMIT)

        assert await ledger.ping()
        assert await migrate(database) is not None
        assert await database.ping()
        await ledger.aclose()
        await database.close()


async def test_a_database_that_wants_tls_or_another_password_is_not_ready(
    postgres_address: str,
) -> None:
    right = quote(PASSWORD, safe="")
    for credentials, options in ((right, "?sslmode=disable"), ("wrong", "?sslmode=require")):
        given = f"postgres://bff:{credentials}{postgres_address}{options}"
        ledger = LedgerDatabase(given, timeout=LIMIT)
        database = SqlDatabase(DatabaseUrl.parse(given), max_wait=LIMIT)

        assert not await ledger.ping()
        assert not await database.ping()
        await ledger.aclose()
        await database.close()
