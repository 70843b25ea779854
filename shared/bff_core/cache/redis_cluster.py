"""A client of a Redis Cluster that is used like that of one server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from redis.asyncio.cluster import ClusterNode, ClusterPubSub, RedisCluster
from redis.exceptions import ClusterDownError, RedisClusterException, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

from bff_core.settings.redis_urls import ClusterUrl
from bff_core.tasks import cancel_and_wait

MAP_SECONDS = 5.0
"""Longest time in which servers are asked for the map of servers and slots."""
MAP_PAUSE_SECONDS = 0.5
"""Least time between two readings of the map, which costs as much as many commands."""
_OTHER_CONNECTIONS = 4
"""To a server, beside those of commands: for a subscription and for the map."""


class ClusterClient(RedisCluster):
    """Follows slots to other servers; a command that a server may have taken is not repeated.

    Every failure is a `RedisError`. A reading of the map serves all callers, and survives those
    whose own deadline is shorter.
    """

    def __init__(self, url: ClusterUrl, options: dict[str, Any], *, patience: float) -> None:
        """`options` are redis-py's; `patience` is the time in seconds to wait for a connection."""
        connections: int = options["max_connections"]
        limits = {
            "max_connections": connections + _OTHER_CONNECTIONS,
            # Those of the URL are asked every time: their names outlive the servers' addresses.
            "dynamic_startup_nodes": False,
            # A moved slot is noted by itself; the default closes all connections at each fifth.
            "reinitialize_steps": 0,
        }
        servers = [ClusterNode(host, port) for host, port in url.servers]
        super().__init__(startup_nodes=servers, **(options | limits | url.options))
        self._turns = asyncio.Semaphore(connections)
        self._patience = patience
        self._reading: asyncio.Task[Exception | None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._read_again_at = float("-inf")

    async def initialize(
        self,
        additional_startup_nodes_info: list[tuple[str, int]] | None = None,
        last_failed_node_name: str | None = None,
    ) -> "ClusterClient":
        """Read the map, unless it was read just now.

        Raises:
            redis.exceptions.ConnectionError: No server gave a whole one.
        """
        now = asyncio.get_running_loop().time()
        if self._reading is None or (self._reading.done() and now >= self._read_again_at):
            reading = self._read_map(additional_startup_nodes_info, last_failed_node_name)
            self._reading = asyncio.create_task(reading, name="redis-cluster-map")
        task = self._reading
        await asyncio.wait([task])
        if task.cancelled():
            raise RedisConnectionError("the client was closed")
        if (error := task.result()) is not None:
            raise RedisConnectionError("the map of the cluster was not read") from error
        return self

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        async with self._turn():
            try:
                return await super().execute_command(*args, **kwargs)
            except asyncio.CancelledError:
                self._ask_the_masters()
                raise
            except (RedisClusterException, AttributeError) as error:
                # The first is no RedisError; the second comes of an ASK to a server without slots:
                # https://github.com/redis/redis-py/issues/4015
                raise RedisConnectionError("the cluster did not take the command") from error

    async def ping(self, **kwargs: Any) -> bool:
        """True if the cluster is well, as a server sees it: each by itself always answers.

        Raises:
            redis.exceptions.RedisError: It is not.
        """
        told = await self.cluster_info(**kwargs)
        if told.get("cluster_state") != "ok":
            raise ClusterDownError("the cluster is down")
        return True

    def pubsub(self, *args: Any, **kwargs: Any) -> "ClusterSubscription":
        return ClusterSubscription(self, *args, **kwargs)

    async def aclose(self) -> None:
        """Close every connection, also after a failure, when the library would leave some open."""
        await cancel_and_wait(*(task for task in (self._reading, self._asking) if task))
        await super().aclose()
        await self.nodes_manager.aclose()
        await self.nodes_manager.aclose("startup_nodes")

    async def _read_map(
        self, more_servers: list[tuple[str, int]] | None, failed_server: str | None
    ) -> Exception | None:
        """The reason why it was not read."""
        try:
            async with asyncio.timeout(MAP_SECONDS):
                await super().initialize(more_servers, failed_server)
        except Exception as error:  # noqa: BLE001 - the outermost frame of a task: callers are told
            return error
        finally:
            self._read_again_at = asyncio.get_running_loop().time() + MAP_PAUSE_SECONDS
        return None

    def _ask_the_masters(self) -> None:
        """Find out if one is silent for longer than a caller could wait.

        A failure, unlike a caller who gives up, lets the library read the map again.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ping_masters(), name="redis-cluster-masters")

    async def _ping_masters(self) -> None:
        with suppress(RedisError, RedisClusterException, OSError):
            await super().execute_command("PING", target_nodes=self.get_primaries())

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait for a free connection, which the library does not."""
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError as error:
            raise RedisConnectionError("no connection was free") from error
        try:
            yield
        finally:
            self._turns.release()


class ClusterSubscription(ClusterPubSub):
    """Hears what is published at any server; connects to the one of its first channel's slot.

    It never connects again by itself: who listens must know that messages were lost.
    """

    async def connect(self) -> None:
        self._raise_if_lost()
        await super().connect()  # type: ignore[no-untyped-call]  # redis has no annotation

    async def parse_response(self, *args: Any, **kwargs: Any) -> Any:
        self._raise_if_lost()
        return await super().parse_response(*args, **kwargs)

    def _raise_if_lost(self) -> None:
        connection = self.get_redis_connection()
        if connection is not None and not connection.is_connected:
            raise RedisConnectionError("the subscription was lost")

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        if self.get_redis_connection() is None:
            # A command like any other reads the map first, and again when the server is gone.
            await self.cluster.initialize()
            server = self.cluster.get_node_from_key(args[1])
            await self.cluster.execute_command("PING", target_nodes=server)
        return await super().execute_command(*args, **kwargs)
