"""The process's one Redis subscription: wake-ups of all topics, and messages to watched users."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from bff_core.context import UserId
from services.bff_teacher.contracts.notifications import channel_of
from services.bff_teacher.streaming.log import LogAway
from services.bff_teacher.streaming.redis_log import WAKE

PATIENCE = 1.0
SILENCE = 2.0
"""Seconds of silence after which the server is asked whether it is there."""
REST = 0.5

log = structlog.get_logger()


class Listener(Protocol):
    """Who is told. None of it waits."""

    def connected(self) -> None: ...

    def disconnected(self) -> None:
        """Whatever is published from here until `connected` is not heard."""
        ...

    def woken(self, message: bytes) -> None: ...

    def noticed(self, user_id: UserId, message: bytes) -> None: ...


class Signals(Protocol):
    async def run(self, listener: Listener) -> None:
        """Listen until cancelled, and try again whenever the server is away."""
        ...

    async def follow(self, user_id: UserId) -> None:
        """Hear what is published for a user from now on.

        Raises:
            LogAway: Nothing can be heard.
        """
        ...

    async def forget(self, user_id: UserId) -> None: ...


class RedisSignals:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._open: PubSub | None = None
        self._users: set[UserId] = set()

    async def run(self, listener: Listener) -> None:
        while True:
            try:
                async with self._subscribed() as open_:
                    listener.connected()
                    await _listen(open_, listener)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("live_signals_lost", kind=type(error).__name__)
            finally:
                listener.disconnected()
            await asyncio.sleep(REST)

    async def follow(self, user_id: UserId) -> None:
        if user_id in self._users:
            return
        self._users.add(user_id)
        try:
            await self._send("subscribe", user_id)
        except LogAway:
            self._users.discard(user_id)
            raise

    async def forget(self, user_id: UserId) -> None:
        if user_id in self._users:
            self._users.discard(user_id)
            await self._send("unsubscribe", user_id)

    async def _send(self, order: str, user_id: UserId) -> None:
        if self._open is None:
            raise LogAway
        try:
            async with asyncio.timeout(PATIENCE):
                await getattr(self._open, order)(channel_of(user_id))
        except (RedisError, OSError, TimeoutError) as error:
            raise LogAway from error

    @asynccontextmanager
    async def _subscribed(self) -> AsyncIterator[PubSub]:
        open_ = self._redis.pubsub()
        self._users.clear()
        try:
            async with asyncio.timeout(PATIENCE):
                await open_.subscribe(WAKE)
            self._open = open_
            yield open_
        finally:
            self._open = None
            await open_.aclose()  # type: ignore[no-untyped-call]  # the library left it out


async def _listen(open_: PubSub, listener: Listener) -> None:
    asked = False
    while True:
        message = await open_.get_message(timeout=SILENCE)
        if message is None:
            if asked:
                raise TimeoutError
            await open_.ping()
            asked = True
            continue
        asked = False
        if message["type"] == "message":
            _tell(listener, message["channel"].decode(), message["data"])


def _tell(listener: Listener, channel: str, data: bytes) -> None:
    if channel == WAKE:
        listener.woken(data)
    else:
        listener.noticed(UserId(channel.partition(":")[2]), data)
