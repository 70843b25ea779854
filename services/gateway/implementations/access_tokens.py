"""Renews the access tokens of sessions: one call for all tabs and processes."""

import asyncio
from collections.abc import Awaitable, Callable

from cachetools import LRUCache
from prometheus_client import Counter

from bff_core.clock import Clock
from bff_core.errors import BffError, NotAuthenticated, Unavailable, Unexpected
from bff_core.tasks import Background
from services.gateway.implementations.identity_sessions import Sender, is_final
from services.gateway.implementations.session_cookie import AccessToken, SessionContent
from services.gateway.implementations.shared_renewals import SharedRenewals

Refresh = Callable[[str, Sender], Awaitable[AccessToken]]

MAX_KEPT = 10_000
"""Renewed tokens in memory, for requests that were sent with the cookie from before."""
REST_SECONDS = 1.0
"""Time without another try after a renewal has failed, while the old token is good."""
PATIENCE_SECONDS = 0.25
"""Time that a request waits for a renewal while the old token is good; the renewal goes on."""
RETRY_AFTER = 2.0


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
        renewal = self._renewal(content, sender, rejected)
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

    def _renewal(
        self, content: SessionContent, sender: Sender, rejected: str | None
    ) -> asyncio.Task[AccessToken]:
        """The renewal in progress; it goes on when one who waits leaves."""
        task = self._renewals.get(content.session_id)
        if task is None:
            task = self._background.start(self._renew(content, sender, rejected))
            self._renewals[content.session_id] = task
        return task

    async def _renew(
        self, content: SessionContent, sender: Sender, rejected: str | None
    ) -> AccessToken:
        try:
            async with self._shared.lock(content.session_id):
                access = await self._shared.find(content.session_id)
                if access is None or access.token == rejected or self._is_due(access):
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

    def _is_due(self, access: AccessToken) -> bool:
        return self._clock.now().timestamp() >= access.renew_at


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
