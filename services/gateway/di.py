"""Dependency providers of the gateway."""

import secrets
from collections.abc import AsyncIterator, Mapping

import aiohttp
from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide

from bff_core.auth import RevocationListener, RevocationMarks
from bff_core.cache import RedisClient, open_redis
from bff_core.client import http_session
from bff_core.clock import Clock
from bff_core.observability import Metrics
from services.gateway.config import Settings
from services.gateway.implementations.access_tokens import (
    AccessTokens,
    RedisRenewals,
    SharedRenewals,
    UnsharedRenewals,
)
from services.gateway.implementations.client_address import TrustedProxies
from services.gateway.implementations.event_streams import EventStreams
from services.gateway.implementations.forwarding import Forwarder
from services.gateway.implementations.identity import IdentitySessions
from services.gateway.implementations.proxy import Proxy
from services.gateway.implementations.rate_limiter import (
    MemoryRateLimiter,
    Rate,
    RateLimiter,
    RedisRateLimiter,
)
from services.gateway.implementations.session_cookie import SessionKeys, SessionSealer
from services.gateway.implementations.sessions import (
    ENDED_SESSIONS,
    SessionMarks,
    Sessions,
)
from services.gateway.route_table import NETWORKS_OF_A_SITE, SITE_LIMITS, RateLimit, UpstreamName

Forwarders = Mapping[UpstreamName, Forwarder]


class GatewayProvider(Provider):
    """All parts; those of the session cookie are made with the first request that carries one."""

    scope = Scope.APP

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        clock: Clock,
        redis: RedisClient | None,
        streams: EventStreams,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._redis = redis
        self._streams = streams
        # Made at once, so that `/metrics` shows them before any request.
        make = metrics.make
        self._fallbacks = make.counter(
            "rate_limits_from_memory_total", "Requests counted in memory because Redis was away."
        )
        self._events = make.counter(
            "session_events_total", "Sessions opened, ended and refused.", "event"
        )
        self._renewals = make.counter(
            "session_renewals_total", "Access tokens of sessions that were due.", "outcome"
        )
        self._unpublished = make.counter(
            "session_marks_unpublished_total",
            "Ended sessions that only this process knows of, because Redis was away.",
        )

    @provide
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        async with http_session(connections=self._settings.connections) as session:
            yield session

    @provide
    def forwarders(self, session: aiohttp.ClientSession) -> Forwarders:
        services = {
            UpstreamName.TEACHER: self._settings.bff_teacher,
            UpstreamName.ADMIN: self._settings.bff_admin,
            UpstreamName.IDENTITY: self._settings.identity,
        }
        return {
            name: Forwarder(session, service, self._metrics) for name, service in services.items()
        }

    @provide
    def rate_limiter(self) -> RateLimiter:
        settings = self._settings
        rates = {
            RateLimit.USER: Rate(settings.user_per_minute),
            RateLimit.SIGN_IN: Rate(settings.sign_in_per_minute),
            RateLimit.SESSION: Rate(settings.session_per_minute),
        }
        rates |= {
            site: Rate(rates[limit].amount * NETWORKS_OF_A_SITE)
            for limit, site in SITE_LIMITS.items()
        }
        memory = MemoryRateLimiter(rates, self._clock)
        if self._redis is None:
            return memory
        return RedisRateLimiter(
            self._redis,
            rates,
            memory,
            self._clock,
            self._fallbacks,
            timeout=settings.redis_timeout,
        )

    @provide
    def proxy(self, forwarders: Forwarders, rate_limiter: RateLimiter) -> Proxy:
        settings = self._settings
        return Proxy(
            forwarders,
            rate_limiter,
            TrustedProxies(settings.trusted_proxies),
            max_timeout=settings.request_budget,
            transfer_timeout=settings.transfer_seconds,
            stream_idle=settings.stream_idle_seconds,
        )

    @provide
    def keys(self) -> SessionKeys:
        return SessionKeys(self._settings.session_secrets or (secrets.token_urlsafe(48),))

    @provide
    async def marks(self) -> AsyncIterator[SessionMarks]:
        lifetime = self._settings.session_seconds
        marks = RevocationMarks(self._clock, lifetime, on_mark=self._streams.end_of)
        held = SessionMarks(marks, self._redis, self._clock, self._unpublished, lifetime=lifetime)
        if self._settings.redis_url is None:
            yield held
            return
        redis = open_redis(self._settings.redis_url)
        listener = RevocationListener(redis, marks, self._clock, ENDED_SESSIONS)
        await listener.start()
        yield held
        await listener.aclose()

    @provide
    def identity(self, forwarders: Forwarders) -> IdentitySessions:
        early = self._settings.session_renew_seconds
        return IdentitySessions(forwarders[UpstreamName.IDENTITY], self._clock, renew_early=early)

    @provide
    async def tokens(
        self, identity: IdentitySessions, keys: SessionKeys
    ) -> AsyncIterator[AccessTokens]:
        timeout = self._settings.redis_timeout
        shared: SharedRenewals = (
            RedisRenewals(self._redis, keys, self._clock, timeout=timeout)
            if self._redis
            else UnsharedRenewals()
        )
        tokens = AccessTokens(identity.refresh, shared, self._clock, self._renewals)
        yield tokens
        await tokens.aclose()

    @provide
    def sessions(
        self,
        keys: SessionKeys,
        marks: SessionMarks,
        tokens: AccessTokens,
        identity: IdentitySessions,
    ) -> Sessions:
        settings = self._settings
        sealer = SessionSealer(keys, settings.environment.value)
        return Sessions(
            *(sealer, marks, tokens, identity),
            lifetime=settings.session_seconds,
            idle=settings.session_idle_seconds,
            clock=self._clock,
            events=self._events,
        )


def make_container(
    settings: Settings,
    metrics: Metrics,
    clock: Clock,
    redis: RedisClient | None,
    streams: EventStreams,
    *replacing: Provider,
) -> AsyncContainer:
    """The container; `replacing` providers override what they name."""
    return make_async_container(
        GatewayProvider(settings, metrics, clock, redis, streams),
        *replacing,
        validation_settings=STRICT_VALIDATION,
    )
