"""How the gateway's parts are made, and how long they live."""

from collections.abc import AsyncIterator, Mapping

import aiohttp
from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide
from redis.asyncio import Redis

from bff_core.client import http_session
from bff_core.clock import Clock
from bff_core.observability import Metrics
from services.gateway.config import Settings
from services.gateway.implementations.addresses import TrustedProxies
from services.gateway.implementations.allowances import MemoryAllowances, Rate
from services.gateway.implementations.forwarding import Forwarder
from services.gateway.implementations.proxy import Patience, Proxy
from services.gateway.implementations.shared_allowances import SharedAllowances, count_of_misses
from services.gateway.protocols import Allowances, Limit
from services.gateway.route_table import Upstream

Forwarders = Mapping[Upstream, Forwarder]


class GatewayProvider(Provider):
    scope = Scope.APP

    def __init__(
        self, settings: Settings, metrics: Metrics, clock: Clock, redis: Redis | None
    ) -> None:
        super().__init__()
        self._redis = redis
        self._settings = settings
        self._metrics = metrics
        self._misses = count_of_misses(metrics.registry)
        self._clock = clock

    @provide
    async def session(self) -> AsyncIterator[aiohttp.ClientSession]:
        async with http_session(connections=self._settings.connections) as session:
            yield session

    @provide
    def forwarders(self, session: aiohttp.ClientSession) -> Forwarders:
        services = {
            Upstream.TEACHER: self._settings.bff_teacher,
            Upstream.ADMIN: self._settings.bff_admin,
            Upstream.IDENTITY: self._settings.identity,
        }
        return {
            upstream: Forwarder(session, service, self._metrics)
            for upstream, service in services.items()
        }

    @provide
    def allowances(self) -> Allowances:
        rates = rates_of(self._settings)
        own = MemoryAllowances(rates, self._clock)
        if self._redis is None:
            return own
        return SharedAllowances(
            self._redis,
            rates,
            own,
            self._clock,
            self._misses,
            seconds=self._settings.redis_timeout,
        )

    @provide
    def proxy(self, forwarders: Forwarders, allowances: Allowances) -> Proxy:
        settings = self._settings
        return Proxy(
            forwarders,
            allowances,
            TrustedProxies(settings.trusted_proxies),
            Patience(settings.transfer_seconds, settings.stream_idle_seconds),
            longest=settings.request_budget,
        )


def rates_of(settings: Settings) -> dict[Limit, Rate]:
    return {
        Limit.USER: Rate(settings.user_per_minute),
        Limit.SIGN_IN: Rate(settings.sign_in_per_minute),
        Limit.SESSION: Rate(settings.session_per_minute),
    }


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
