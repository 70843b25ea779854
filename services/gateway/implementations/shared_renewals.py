"""Renewed access tokens in Redis, sealed, so that several processes renew a session once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import msgspec
import structlog
from redis.asyncio.lock import Lock
from redis.exceptions import RedisError

from bff_core.cache import RedisClient
from bff_core.clock import Clock
from services.gateway.implementations.session_cookie import AccessToken, SessionKeys

LOCK_SECONDS = 3.0
"""A lock's life: longer than a renewal, so that it outlives only a process that died."""
_POLL_SECONDS = 0.05
_PREFIX = "gateway:session"

log = structlog.get_logger()
_decode = msgspec.json.Decoder(AccessToken).decode


def _report(operation: str, error: Exception) -> None:
    log.warning("session_renewal_not_shared", operation=operation, reason=type(error).__name__)


class SharedRenewals(Protocol):
    def lock(self, session_id: str) -> AbstractAsyncContextManager[None]:
        """Held by one process at a time; by each of them after a while, or without Redis."""
        ...

    async def find(self, session_id: str) -> AccessToken | None:
        """The token that a process has renewed last."""
        ...

    async def keep(self, session_id: str, access: AccessToken) -> None: ...


class UnsharedRenewals:
    """One process, or no Redis."""

    @asynccontextmanager
    async def lock(self, session_id: str) -> AsyncIterator[None]:  # noqa: ARG002 - the port's signature
        yield

    async def find(self, session_id: str) -> AccessToken | None:  # noqa: ARG002 - the port's signature
        return None

    async def keep(self, session_id: str, access: AccessToken) -> None: ...


class RedisRenewals:
    """Without an answer of Redis, each process renews by itself."""

    def __init__(
        self, redis: RedisClient, keys: SessionKeys, clock: Clock, *, timeout: float
    ) -> None:
        """`timeout` is in seconds, for each command."""
        self._redis = redis
        self._keys = keys
        self._clock = clock
        self._timeout = timeout

    @asynccontextmanager
    async def lock(self, session_id: str) -> AsyncIterator[None]:
        lock = self._redis.lock(
            f"{_PREFIX}:renewal:{session_id}", timeout=LOCK_SECONDS, sleep=_POLL_SECONDS
        )
        held = False
        try:
            async with asyncio.timeout(LOCK_SECONDS):
                held = await lock.acquire()
        except (RedisError, OSError) as error:
            _report("lock", error)
        try:
            yield
        finally:
            if held:
                await self._release(lock)

    async def _release(self, lock: Lock) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                await lock.release()
        except (RedisError, OSError) as error:
            # It ends by itself.
            _report("unlock", error)

    async def find(self, session_id: str) -> AccessToken | None:
        try:
            async with asyncio.timeout(self._timeout):
                # The library's type allows for decoded answers, which this client does not ask for.
                sealed: Any = await self._redis.get(f"{_PREFIX}:access:{session_id}")
            return _decode(self._keys.open(sealed.decode())) if sealed else None
        except (RedisError, OSError, ValueError) as error:
            _report("find", error)
            return None

    async def keep(self, session_id: str, access: AccessToken) -> None:
        left = access.renew_at - self._clock.now().timestamp()
        if left <= 0:
            return
        sealed = self._keys.seal(msgspec.json.encode(access))
        try:
            async with asyncio.timeout(self._timeout):
                await self._redis.set(
                    f"{_PREFIX}:access:{session_id}", sealed, px=int(left * 1000) + 1
                )
        except (RedisError, OSError) as error:
            _report("keep", error)
