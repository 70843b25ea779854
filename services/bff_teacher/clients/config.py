"""Settings that operators switch while we run: followed in the background, never waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp
import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bff_core.client import ServiceIdentity
from bff_core.protocols import Maintenance
from services.bff_teacher.contracts.config import MaintenanceSettings

CHANNEL = "config:changes"
REDIS_PATIENCE = 0.25
"""Seconds for Redis to take our subscription; the next try comes with the next poll."""
LARGEST = 512 * 1024
"""Bytes; the service itself takes no more than half of it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Source:
    """Where settings are, who asks for them, and how long one answer may take, in seconds."""

    url: str
    identity: ServiceIdentity
    budget: float


class HttpSwitches:
    """Reads with the service's own key, because no user is there when nobody asks anything.

    Permissive until the first answer. Later, when the service is away, what it said last holds.
    """

    def __init__(self, session: aiohttp.ClientSession, source: Source) -> None:
        self._session = session
        self._source = source
        self._etag = ""
        self._reachable: bool | None = None
        self._maintenance = Maintenance()

    @property
    def maintenance(self) -> Maintenance:
        return self._maintenance

    async def refresh(self) -> None:
        """Read once; an answer that cannot be had or used leaves everything as it was."""
        try:
            async with asyncio.timeout(self._source.budget):
                await self._read()
        except (aiohttp.ClientError, OSError, TimeoutError, msgspec.DecodeError) as error:
            self._note(reachable=False, error=type(error).__name__)
        else:
            self._note(reachable=True)

    async def _read(self) -> None:
        headers = self._source.identity.headers() | {"Accept": "application/json"}
        if self._etag:
            headers["If-None-Match"] = self._etag
        url = f"{self._source.url}/v1/settings/maintenance"
        async with self._session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status == 304:
                return
            answer.raise_for_status()
            body = await _bounded(answer.content)
        said = msgspec.json.decode(body, type=MaintenanceSettings).values
        self._maintenance = Maintenance(said.read_only, said.banner)
        self._etag = answer.headers.get("ETag", "")

    def _note(self, *, reachable: bool, **facts: str) -> None:
        """One line when it goes away and one when it is back, not one at every try."""
        if reachable == self._reachable:
            return
        self._reachable = reachable
        tell = log.info if reachable else log.warning
        tell("switches_followed" if reachable else "switches_not_readable", **facts)


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    body = await content.read(LARGEST + 1)
    while len(body) <= LARGEST and not content.at_eof():
        body += await content.read(LARGEST + 1 - len(body))
    if len(body) > LARGEST:
        raise msgspec.DecodeError("too large")
    return body


def redis_for_changes(url: str) -> Redis:
    """A client that gives up quickly and leaves trying again to the poll."""
    return Redis.from_url(
        url, socket_connect_timeout=REDIS_PATIENCE, retry=Retry(NoBackoff(), retries=0)
    )


class ChangeSignal:
    """Wakes up when settings change, or after a while when nobody said so."""

    def __init__(self, redis: Redis | None, *, poll: float) -> None:
        self._redis = redis
        self._poll = poll

    async def run(self, switches: HttpSwitches) -> None:
        """Refresh at once, at every change and every `poll` seconds, until cancelled."""
        while True:
            try:
                async with self._listening() as changes:
                    await self._follow(switches, changes)
            except (RedisError, OSError):
                # Redis away costs speed only: the poll goes on.
                await switches.refresh()
                await asyncio.sleep(self._poll)

    async def _follow(self, switches: HttpSwitches, changes: PubSub | None) -> None:
        while True:
            await switches.refresh()
            await self._wait(changes)

    async def _wait(self, changes: PubSub | None) -> None:
        if changes is None:
            await asyncio.sleep(self._poll)
            return
        await changes.get_message(ignore_subscribe_messages=True, timeout=self._poll)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[PubSub | None]:
        if self._redis is None:
            yield None
            return
        changes = self._redis.pubsub()
        try:
            async with asyncio.timeout(REDIS_PATIENCE):
                await changes.subscribe(CHANNEL)
            yield changes
        finally:
            await changes.aclose()  # type: ignore[no-untyped-call]  # the library left it out


@asynccontextmanager
async def following(switches: HttpSwitches, signal: ChangeSignal) -> AsyncIterator[None]:
    """Follow for as long as the block lasts."""
    task = asyncio.create_task(signal.run(switches), name="follow-switches")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
