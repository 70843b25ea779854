"""Dependency providers of the gateway."""

from collections.abc import AsyncIterator, Mapping

import aiohttp
from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide
from redis.asyncio import Redis

from bff_core.client import http_session
from bff_core.clock import Clock
from bff_core.observability import Metrics
from services.gateway.config import Settings
from services.gateway.implementations.client_address import TrustedProxies
from services.gateway.implementations.forwarding import Forwarder
from services.gateway.implementations.proxy import Proxy, TransferTimeouts
from services.gateway.implementations.rate_limiter import MemoryRateLimiter, Rate, RateLimiter
from services.gateway.implementations.redis_rate_limiter import RedisRateLimiter
from services.gateway.route_table import NETWORKS_OF_A_SITE, SITE_LIMITS, RateLimit, UpstreamName

Forwarders = Mapping[UpstreamName, Forwarder]


class GatewayProvider(Provider):
    scope = Scope.APP

    def __init__(
        self, settings: Settings, metrics: Metrics, clock: Clock, redis: Redis | None
    ) -> None:
        super().__init__()
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._redis = redis
        self._fallbacks = metrics.make.counter(
            "rate_limits_from_memory_total", "Requests counted in memory because Redis was away."
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
            TransferTimeouts(settings.transfer_seconds, settings.stream_idle_seconds),
            max_timeout=settings.request_budget,
        )


def make_container(
    settings: Settings,
    metrics: Metrics,
    clock: Clock,
    redis: Redis | None,
    *replacing: Provider,
) -> AsyncContainer:
    """The container; `replacing` providers override what they name."""
    return make_async_container(
        GatewayProvider(settings, metrics, clock, redis),
        *replacing,
        validation_settings=STRICT_VALIDATION,
    )
