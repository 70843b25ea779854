"""Renews the access tokens of sessions: one call for all tabs and processes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

import msgspec
import structlog
from cachetools import LRUCache
from prometheus_client import Counter
from redis.asyncio.lock import Lock
from redis.exceptions import RedisError

from bff_core.cache import RedisClient
from bff_core.clock import Clock
from bff_core.errors import BffError, NotAuthenticated, Unavailable, Unexpected
from bff_core.tasks import Background
from services.gateway.implementations.identity import Sender, is_final
from services.gateway.implementations.session_cookie import AccessToken, SessionContent, SessionKeys

LOCK_SECONDS = 3.0
"""A lock's life: longer than a renewal, so that it outlives only a process that died."""
_POLL_SECONDS = 0.05
_PREFIX = "gateway:session"

log = structlog.get_logger()
_decode = msgspec.json.Decoder(AccessToken).decode

Refresh = Callable[[str, Sender], Awaitable[AccessToken]]

MAX_KEPT = 10_000
"""Renewed tokens in memory, for requests that were sent with the cookie from before."""
REST_SECONDS = 1.0
"""Time without another try after a renewal has failed, while the old token is good."""
PATIENCE_SECONDS = 0.25
"""Time that a request waits for a renewal while the old token is good; the renewal goes on."""
RETRY_AFTER = 2.0


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


class SessionOver(NotAuthenticated):
    """Identity refuses to renew the session."""

    message = "The session has ended; sign in again"

    def __init__(self) -> None:
        super().__init__("session_ended")


class AccessTokens:
    """Hands out the access token of a session, renewed shortly before it expires."""

    def __init__(
        self, refresh: Refresh, shared: SharedRenewals, clock: Clock, outcomes: Counter
    ) -> None:
        """`outcomes` counts renewals by their outcome."""
        self._refresh = refresh
        self._shared = shared
        self._clock = clock
        self._outcomes = outcomes
        self._newest: LRUCache[str, AccessToken] = LRUCache(MAX_KEPT)
        self._renewals: dict[str, asyncio.Task[AccessToken]] = {}
        self._background = Background()
        self._resting_until = float("-inf")

    async def aclose(self) -> None:
        """Cancel the renewals in progress."""
        await self._background.aclose()

    async def current(
        self, content: SessionContent, sender: Sender, *, rejected: str | None = None
    ) -> AccessToken:
        """The session's access token, another one than `rejected`.

        Raises:
            SessionOver: Identity refuses to renew it.
            Unavailable: It has expired, and Identity cannot be asked at the moment.
        """
        held = self._held(content, rejected)
        now = self._clock.now().timestamp()
        if held is not None and now < held.renew_at:
            return held
        usable = held if held is not None and now < held.expires_at else None
        if usable is not None and self._clock.monotonic() < self._resting_until:
            return usable
        # The renewal in progress; it goes on when one who waits leaves.
        renewal = self._renewals.get(content.session_id)
        if renewal is None:
            renewal = self._background.start(self._renew(content, sender, rejected))
            self._renewals[content.session_id] = renewal
        await asyncio.wait([renewal], timeout=None if usable is None else PATIENCE_SECONDS)
        if usable is not None and not renewal.done():
            return usable
        try:
            return _result_of(renewal)
        except SessionOver:
            raise
        except BffError as error:
            self._resting_until = self._clock.monotonic() + REST_SECONDS
            if usable is not None:
                return usable
            raise Unavailable(
                "The session cannot be renewed at the moment", retry_after=RETRY_AFTER
            ) from error

    def _held(self, content: SessionContent, rejected: str | None) -> AccessToken | None:
        """The token that lives longest of the cookie's and the one renewed here."""
        known = (content.access, self._newest.get(content.session_id))
        usable = [one for one in known if one is not None and one.token != rejected]
        return max(usable, key=lambda one: one.expires_at, default=None)

    async def _renew(
        self, content: SessionContent, sender: Sender, rejected: str | None
    ) -> AccessToken:
        try:
            async with self._shared.lock(content.session_id):
                access = await self._shared.find(content.session_id)
                now = self._clock.now().timestamp()
                if access is None or access.token == rejected or now >= access.renew_at:
                    access = await self._ask(content, sender)
                    await self._shared.keep(content.session_id, access)
                else:
                    self._outcomes.labels("shared").inc()
            self._newest[content.session_id] = access
            return access
        finally:
            del self._renewals[content.session_id]

    async def _ask(self, content: SessionContent, sender: Sender) -> AccessToken:
        try:
            access = await self._refresh(content.refresh_token, sender)
        except BffError as error:
            if is_final(error):
                self._outcomes.labels("refused").inc()
                raise SessionOver from error
            self._outcomes.labels("failed").inc()
            raise
        self._outcomes.labels("renewed").inc()
        return access


def _result_of(renewal: asyncio.Task[AccessToken]) -> AccessToken:
    """The token, or a copy of the failure, for each one who waited."""
    if renewal.cancelled():
        raise Unavailable(retry_after=RETRY_AFTER)
    error = renewal.exception()
    if error is None:
        return renewal.result()
    if isinstance(error, BffError):
        raise error.copy() from error.__cause__
    raise Unexpected from error
