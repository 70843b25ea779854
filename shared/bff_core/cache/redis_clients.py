"""Redis clients by URL: of one Redis, of the primary that Sentinels name, or of a cluster."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Union

from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from bff_core.settings.redis_urls import ClusterUrl, SentinelUrl

if TYPE_CHECKING:
    from bff_core.cache.redis_cluster import ClusterClient

RedisClient = Union[Redis, "ClusterClient"]
"""Scripts, single commands and subscriptions are the same for all three; pipelines are not."""


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
