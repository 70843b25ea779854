"""Redis: clients by URL, and a shared cache; while Redis is away or slow, every read is a miss."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, Union

import structlog
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from bff_core.clock import Clock
from bff_core.settings.redis_urls import ClusterUrl, SentinelUrl

if TYPE_CHECKING:
    from bff_core.cache.redis_cluster import ClusterClient

T = TypeVar("T")

RedisClient = Union[Redis, "ClusterClient"]
"""Scripts, single commands and subscriptions are the same for all three; pipelines are not."""
PING_TIMEOUT = 1.0

_log = structlog.get_logger()


def open_redis(url: str, *, connect_timeout: float = 0.5, connections: int = 64) -> RedisClient:
    """A client without retries of its own: the cache decides when to try again."""
    return redis_client(
        url, connections=connections, connect_timeout=connect_timeout, timeout=connect_timeout
    )


class SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the primary; waits for a free one, and closes its Sentinels' clients."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


def redis_client(
    url: str, *, connections: int, connect_timeout: float, timeout: float | None
) -> RedisClient:
    """A client that never repeats a command by itself.

    `connect_timeout` and `timeout` are in seconds: to connect, and for an answer or a free
    connection. A subscription has no `timeout` and waits for messages as long as it wants.
    """
    options = {
        "max_connections": connections,
        "socket_timeout": timeout,
        "socket_connect_timeout": connect_timeout,
        "retry": Retry(NoBackoff(), 0),
    }
    patience = timeout or connect_timeout
    cluster = ClusterUrl.parse(url)
    if cluster is None:
        return Redis.from_pool(_pool(url, options | {"timeout": patience}))
    # Imported here: Identity, into which a service is mounted, may have a redis-py without it.
    module = import_module("bff_core.cache.redis_cluster")
    client: ClusterClient = module.ClusterClient(cluster, options, patience=patience)
    return client


async def drop_connections(redis: RedisClient, *, in_use: bool) -> None:
    """Let the next commands connect anew; with `in_use` the subscriptions, too.

    A server that refuses commands may have become a replica, to which old connections still lead.
    A cluster's says so itself, and its client follows.
    """
    if isinstance(redis, Redis):
        await redis.connection_pool.disconnect(inuse_connections=in_use)


async def next_message(
    subscription: PubSub, probe: Callable[[], Awaitable[object]], *, silence: float, patience: float
) -> dict[str, Any]:
    """The next message of a subscription, sent or caused by `probe` after `silence` seconds.

    Raises:
        TimeoutError: The probe took longer than `patience` seconds, or no message followed it.
    """
    message: dict[str, Any] | None = await subscription.get_message(timeout=silence)
    if message is None:
        async with asyncio.timeout(patience):
            await probe()
        message = await subscription.get_message(timeout=silence)
    if message is None:
        raise TimeoutError
    return message


def _pool(url: str, options: dict[str, Any]) -> ConnectionPool:
    found = SentinelUrl.parse(url)
    if found is None:
        return BlockingConnectionPool.from_url(url, **options)
    # Two Sentinels can be asked while a caller waits: the one that answers is asked first later.
    half = options["socket_connect_timeout"] / 2
    limits = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), half)
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis has no annotation
        found.sentinels,
        sentinel_kwargs=limits | {"retry": Retry(NoBackoff(), 0)} | found.sentinel_options,
    )
    together = options | found.options
    return SentinelPool(found.service, sentinel, **together)  # type: ignore[no-untyped-call]  # likewise


class RedisCache:
    """A `SharedCache` whose failures fail no request; `HealthChecked` for `/ready`.

    An operation takes at most `timeout` seconds. After a failure Redis is not used for `cooldown`
    seconds, so that a hanging Redis does not slow every request. Operations beyond `max_in_flight`
    are misses. `on_failure` is called with the name of each operation that failed.

    One late answer is no outage: this process may have been busy itself. The log tells of an
    outage at once when Redis refuses or is unreachable, and when it is late again after a rest.
    """

    name = "redis"

    def __init__(
        self,
        redis: RedisClient,
        clock: Clock,
        *,
        timeout: float = 0.05,
        cooldown: float = 1.0,
        max_in_flight: int = 64,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._timeout = timeout
        self._cooldown = cooldown
        self._max_in_flight = max_in_flight
        self._on_failure = on_failure
        self._cooling_until = 0.0
        self._in_flight = 0
        self._late = False
        self._failing = False
        self.failures = 0

    @property
    def cooling_down(self) -> bool:
        """True while Redis is not used because of a recent failure."""
        return self._clock.monotonic() < self._cooling_until

    async def get(self, key: str) -> bytes | None:
        if not self._usable:
            return None
        found = await self._run("get", self._redis.get(key))
        # The client's types allow text, which it returns only when configured to decode.
        return found if isinstance(found, bytes) else None

    async def put(self, key: str, value: bytes, *, ttl: float) -> None:
        if self._usable and ttl >= 0.001:
            await self._run("put", self._redis.set(key, value, px=int(ttl * 1000)))

    async def drop(self, key: str) -> None:
        if self._usable:
            await self._run("drop", self._redis.delete(key))

    async def ping(self) -> bool:
        """Ping even while cooling down; a reply ends the cooldown."""
        try:
            async with asyncio.timeout(PING_TIMEOUT):
                await self._redis.ping()
        except (RedisError, OSError, TimeoutError):
            return False
        self._cooling_until = 0.0
        return True

    @property
    def _usable(self) -> bool:
        return self._in_flight < self._max_in_flight and not self.cooling_down

    async def _run(self, operation: str, command: Awaitable[T]) -> T | None:
        self._in_flight += 1
        late_before = self._late
        try:
            async with asyncio.timeout(self._timeout):
                result = await command
        except (RedisError, OSError, TimeoutError) as error:
            self._record_failure(operation, error, late_before=late_before)
            if isinstance(error, ResponseError):
                await drop_connections(self._redis, in_use=False)
            return None
        finally:
            self._in_flight -= 1
        if self._failing:
            _log.info("shared_cache_recovered", operation=operation)
        self._failing = self._late = False
        return result

    def _record_failure(self, operation: str, error: Exception, *, late_before: bool) -> None:
        self.failures += 1
        self._late = True
        outage = late_before or not isinstance(error, TimeoutError)
        if outage and not self._failing:
            # Once per outage: it is tried again after each cooldown.
            _log.warning("shared_cache_failed", operation=operation, kind=type(error).__name__)
        self._failing = self._failing or outage
        self._cooling_until = self._clock.monotonic() + self._cooldown
        self._on_failure(operation)
