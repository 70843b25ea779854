"""Connection pools by URL: to one Redis, or to the primary that Sentinels name."""

from redis.asyncio import BlockingConnectionPool, ConnectionPool
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff

from bff_core.settings.redis_urls import SentinelUrl


class SentinelPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the primary; waits for a free one, and closes its Sentinels' clients."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


def redis_pool(
    url: str, *, connections: int, connect_timeout: float, timeout: float | None
) -> ConnectionPool:
    """A pool whose clients never retry a command by themselves.

    `connect_timeout` and `timeout` are in seconds: to connect, and for an answer or a free
    connection. A subscription has no `timeout` and waits for messages as long as it wants.
    """
    options = {
        "max_connections": connections,
        "timeout": timeout or connect_timeout,
        "socket_timeout": timeout,
        "socket_connect_timeout": connect_timeout,
        "retry": Retry(NoBackoff(), 0),
    }
    found = SentinelUrl.parse(url)
    if found is None:
        return BlockingConnectionPool.from_url(url, **options)
    # Two Sentinels can be asked while a caller waits: the one that answers is asked first later.
    limits = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), connect_timeout / 2)
    sentinel = Sentinel(  # type: ignore[no-untyped-call]  # redis has no annotation
        found.sentinels,
        sentinel_kwargs=limits | {"retry": Retry(NoBackoff(), 0)} | found.sentinel_options,
    )
    together = options | found.options
    return SentinelPool(found.service, sentinel, **together)  # type: ignore[no-untyped-call]  # likewise
