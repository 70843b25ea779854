"""Sessions of the cookie: opened, sealed, kept alive and ended."""

import asyncio
import secrets
from datetime import UTC, datetime

import structlog
from msgspec.structs import replace
from prometheus_client import Counter
from redis.exceptions import RedisError

from bff_core.auth import RevocationMark, RevocationMarks, RevocationPublisher, RevocationTopic
from bff_core.cache import RedisClient
from bff_core.clock import Clock
from bff_core.context import RequestContext, Role, UserId
from bff_core.errors import BffError, DownstreamFailed, NotAuthenticated
from services.gateway.dto import SessionUserV1, SessionV1
from services.gateway.implementations.access_tokens import AccessTokens, SessionOver
from services.gateway.implementations.identity import IdentitySessions, Sender, SignedIn
from services.gateway.implementations.session_cookie import (
    AccessToken,
    CookieFormat,
    SessionContent,
    SessionSealer,
)
from services.gateway.route_table import UpstreamName

ENDED_SESSIONS = RevocationTopic("gateway:sessions:ended", "gateway:sessions:marks")
PUBLISH_SECONDS = 1.0

log = structlog.get_logger()

SEEN_SHARE = 10
"""A cookie is sealed anew once a tenth of the idle time has passed, not with each request."""
_ID_BYTES = 16


def session_subject(session_id: str) -> str:
    """The subject of a session's marks; no user id holds a colon."""
    return f"session:{session_id}"


def subjects_of(content: SessionContent) -> tuple[str, str]:
    """Subjects whose marks end the session."""
    return session_subject(content.session_id), content.user_id


class SessionMarks:
    """Holds marks in memory, and publishes them to the other processes."""

    def __init__(
        self,
        marks: RevocationMarks,
        redis: RedisClient | None,
        clock: Clock,
        failures: Counter,
        *,
        lifetime: float,
    ) -> None:
        """`lifetime` in seconds: that of a session. `failures` counts marks of this process only."""
        self._marks = marks
        self._publisher = RevocationPublisher(redis, ENDED_SESSIONS, lifetime) if redis else None
        self._clock = clock
        self._failures = failures

    def have_ended(self, content: SessionContent) -> bool:
        session, user = subjects_of(content)
        covers, since = self._marks.covers, content.created_at
        return covers(session, since) or covers(user, since)

    async def end(self, subject: str) -> bool:
        """Mark the subject; False if the other processes do not hear of it."""
        mark = RevocationMark(UserId(subject), self._clock.now().timestamp())
        self._marks.add([mark])
        if self._publisher is None:
            return True
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self._publisher.publish([mark], mark.at)
        except (RedisError, OSError) as error:
            self._failures.inc()
            log.warning("session_mark_not_published", reason=type(error).__name__)
            return False
        return True


class SessionRefused(NotAuthenticated):
    """There is no session, or a cookie that opens none, which is cleared."""

    message = "There is no session; sign in"


class Sessions:
    """`events` counts what happens to sessions.

    They end `lifetime` seconds after sign-in, or `idle` seconds after their last request.
    """

    def __init__(
        self,
        sealer: SessionSealer,
        marks: SessionMarks,
        tokens: AccessTokens,
        identity: IdentitySessions,
        *,
        lifetime: float,
        idle: float,
        clock: Clock,
        events: Counter,
    ) -> None:
        self._sealer = sealer
        self._marks = marks
        self._tokens = tokens
        self._identity = identity
        self._lifetime = lifetime
        self._idle = idle
        self._clock = clock
        self._events = events

    def open(self, sealed: str) -> SessionContent:
        """The session of a cookie.

        Raises:
            SessionRefused: It is not ours, too old, or was ended.
        """
        try:
            content = self._sealer.open(sealed)
        except NotAuthenticated as error:
            raise self._refused("session_invalid") from error
        now = self._now()
        if now >= content.expires_at:
            raise self._refused("session_expired")
        if now >= content.seen_at + self._idle:
            raise self._refused("session_idle")
        if self._marks.have_ended(content):
            raise self._refused("session_ended")
        return content

    def _refused(self, reason: str) -> SessionRefused:
        self._events.labels(reason).inc()
        return SessionRefused(reason)

    async def access(
        self, content: SessionContent, sender: Sender, *, rejected: str | None = None
    ) -> AccessToken:
        """The access token; raises as `AccessTokens.current` does.

        Raises:
            SessionRefused: Identity refuses to renew it; the session is ended.
        """
        try:
            return await self._tokens.current(content, sender, rejected=rejected)
        except SessionOver as error:
            if not self._marks.have_ended(content):
                await self._marks.end(session_subject(content.session_id))
            raise self._refused("session_ended") from error

    def renewed(self, content: SessionContent, access: AccessToken) -> SessionContent | None:
        """The content to seal anew; None while the cookie that was sent will do."""
        now = self._now()
        keeps_token = content.access is None or content.access == access
        if keeps_token and now - content.seen_at < self._idle / SEEN_SHARE:
            return None
        return replace(content, seen_at=now, access=content.access if keeps_token else access)

    async def create(
        self, email: str, signed_in: SignedIn, context: RequestContext, sender: Sender
    ) -> SessionContent:
        """A new session, with an id of its own whatever cookie came along."""
        now = self._now()
        self._events.labels("signed_in").inc()
        return SessionContent(
            audience=self._sealer.audience,
            session_id=secrets.token_urlsafe(_ID_BYTES),
            csrf=secrets.token_urlsafe(_ID_BYTES),
            user_id=context.user_id,
            email=email,
            name=await self._identity.name_of(context.user_id, sender),
            created_at=now,
            expires_at=min(now + self._lifetime, signed_in.ends_at),
            seen_at=now,
            refresh_token=signed_in.refresh_token,
            access=signed_in.access,
        )

    async def end(self, content: SessionContent, sender: Sender) -> None:
        """End the session here and at Identity, which is not waited for in vain."""
        self._events.labels("signed_out").inc()
        await self._marks.end(session_subject(content.session_id))
        try:
            await self._identity.sign_out(content.refresh_token, sender)
        except BffError as error:
            # The refresh token is in the ended cookie alone, and Identity lets it expire.
            log.warning("session_not_ended_at_identity", code=error.code)

    async def end_all(self, content: SessionContent) -> bool:
        """End all sessions of the user; False if the other processes do not hear of it."""
        self._events.labels("signed_out_everywhere").inc()
        return await self._marks.end(content.user_id)

    def cookie(self, content: SessionContent, form: CookieFormat) -> str:
        """The value of `Set-Cookie`, without the access token where both do not fit.

        Raises:
            DownstreamFailed: Not even the refresh token fits.
        """
        whole = form.set(self._sealer.seal(content))
        if whole is None:
            whole = form.set(self._sealer.seal(replace(content, access=None)))
        if whole is None:
            raise DownstreamFailed(UpstreamName.IDENTITY, reason="tokens_too_long")
        return whole

    def count_cross_site(self) -> None:
        """Count a request that was refused because of where it came from."""
        self._events.labels("cross_site").inc()

    def describe(self, content: SessionContent, roles: frozenset[Role]) -> SessionV1:
        """The session as its page sees it, with the roles of the current token."""
        idle_at = min(content.seen_at + self._idle, content.expires_at)
        return SessionV1(
            user=SessionUserV1(
                user_id=content.user_id,
                email=content.email,
                name=content.name,
                roles=sorted(roles),
            ),
            csrf=content.csrf,
            expires_at=datetime.fromtimestamp(content.expires_at, UTC),
            idle_expires_at=datetime.fromtimestamp(idle_at, UTC),
        )

    def _now(self) -> float:
        return self._clock.now().timestamp()
