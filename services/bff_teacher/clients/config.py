"""Maintenance settings of the config service, read in the background."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import structlog
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from bff_core.cache import RedisClient, redis_client
from bff_core.client import ServiceIdentity
from bff_core.tasks import cancel_and_wait
from services.bff_teacher.contracts.config import MaintenanceSettings
from services.bff_teacher.ports.maintenance import Maintenance

CHANNEL = "config:changes"
WATCH = "watch-config"
SUBSCRIBE_TIMEOUT = 0.25
"""Seconds for Redis to accept a subscription; the next poll tries again."""
MAX_BYTES = 512 * 1024
"""Largest body that is read; the config service itself accepts half of it."""

log = structlog.get_logger()


class HttpSwitches:
    """The last maintenance settings that were read, with the service's own key.

    Until the first read, nothing is restricted. Failed reads leave the last settings in force.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, identity: ServiceIdentity, *, budget: float
    ) -> None:
        """`budget` bounds one read, in seconds."""
        self._session = session
        self._url = f"{url}/v1/settings/maintenance"
        self._identity = identity
        self._budget = budget
        self._etag = ""
        self._reachable: bool | None = None
        self._maintenance = Maintenance()

    @property
    def maintenance(self) -> Maintenance:
        return self._maintenance

    async def refresh(self) -> None:
        """Read once. A failed read changes nothing; only the first failure and the recovery are logged."""
        try:
            async with asyncio.timeout(self._budget):
                await self._read()
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError) as error:
            if self._reachable is not False:
                log.warning("maintenance_settings_unreadable", error=type(error).__name__)
            self._reachable = False
        else:
            if not self._reachable:
                log.info("maintenance_settings_read")
            self._reachable = True

    async def _read(self) -> None:
        headers = self._identity.headers() | {"Accept": "application/json"}
        if self._etag:
            headers["If-None-Match"] = self._etag
        async with self._session.get(self._url, headers=headers, allow_redirects=False) as response:
            if response.status == 304:
                return
            response.raise_for_status()
            body = await _read_bounded(response.content)
        values = msgspec.json.decode(body, type=MaintenanceSettings).values
        self._maintenance = Maintenance(values.read_only, values.banner, values.show_banner)
        self._etag = response.headers.get("ETag", "")


async def _read_bounded(content: aiohttp.StreamReader) -> bytes:
    body = await content.read(MAX_BYTES + 1)
    while len(body) <= MAX_BYTES and not content.at_eof():
        body += await content.read(MAX_BYTES + 1 - len(body))
    if len(body) > MAX_BYTES:
        raise msgspec.DecodeError("too large")
    return body


def redis_for_changes(url: str) -> RedisClient:
    """A client that fails fast; the poll tries again."""
    return redis_client(url, connections=2, connect_timeout=SUBSCRIBE_TIMEOUT, timeout=None)


class ConfigWatcher:
    """Refreshes the switches at every published change, and every `poll` seconds."""

    def __init__(self, switches: HttpSwitches, redis: RedisClient | None, *, poll: float) -> None:
        self._switches = switches
        self._redis = redis
        self._poll = poll

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch for as long as the block lasts."""
        task = asyncio.create_task(self.run(), name=WATCH)
        try:
            yield
        finally:
            await cancel_and_wait(task)

    async def run(self) -> None:
        """Refresh at once and then repeatedly, until cancelled."""
        while True:
            try:
                await self._follow_changes_or_poll()
            except Exception:  # the outermost frame of a background task
                log.exception("background_task_failed", task=WATCH)
                await asyncio.sleep(self._poll)

    async def _follow_changes_or_poll(self) -> None:
        try:
            await self._follow_changes()
        except (RedisError, OSError):
            # Without Redis a change is seen at the next poll.
            await self._switches.refresh()
            await asyncio.sleep(self._poll)

    async def _follow_changes(self) -> None:
        async with self._subscription() as changes:
            while True:
                await self._switches.refresh()
                if changes is None:
                    await asyncio.sleep(self._poll)
                else:
                    await changes.get_message(ignore_subscribe_messages=True, timeout=self._poll)

    @asynccontextmanager
    async def _subscription(self) -> AsyncIterator[PubSub | None]:
        if self._redis is None:
            yield None
            return
        changes = self._redis.pubsub()
        try:
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT):
                await changes.subscribe(CHANNEL)
            yield changes
        finally:
            await changes.aclose()  # type: ignore[no-untyped-call]  # untyped in redis-py
