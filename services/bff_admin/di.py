"""Dependency providers."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import ClientSession
from dishka import (
    STRICT_VALIDATION,
    AnyOf,
    AsyncContainer,
    Provider,
    Scope,
    alias,
    from_context,
    make_async_container,
    provide,
)

from bff_core.cache import open_redis
from bff_core.client import ClientRuntime, ServiceClient, ServiceIdentity, http_session
from bff_core.clock import Clock
from bff_core.server import ContextProvider
from services.bff_admin.clients.change_marks import MemoryChangeMarks, RedisChangeMarks
from services.bff_admin.clients.entitlements import HttpCredits
from services.bff_admin.clients.health_checks import HttpHealthChecks
from services.bff_admin.clients.identity import HttpAccounts
from services.bff_admin.clients.settings_store import HttpSettings
from services.bff_admin.config import SERVICE_ID, Settings
from services.bff_admin.ports import (
    Accounts,
    Breakers,
    ChangeMarks,
    Credits,
    Decisions,
    HealthChecks,
    NamespaceValues,
    SettingChanges,
    SettingsStore,
)
from services.bff_admin.screens.adjustment import AdjustmentScreen
from services.bff_admin.screens.audit import AuditScreen, AuditTrail
from services.bff_admin.screens.credits import CreditsScreen
from services.bff_admin.screens.overview import OverviewScreen
from services.bff_admin.screens.profile import ProfileScreen


class AdminProvider(Provider):
    """Adapters and screens."""

    scope = Scope.APP

    settings = from_context(Settings)
    runtime = from_context(ClientRuntime)
    breakers = alias(ClientRuntime, provides=Breakers)
    trail = provide(AuditTrail)
    audit = provide(AuditScreen)
    overview = provide(OverviewScreen)
    credits_screen = provide(CreditsScreen)
    adjustment = provide(AdjustmentScreen)
    profile = provide(ProfileScreen)

    @provide
    def clock(self, runtime: ClientRuntime) -> Clock:
        return runtime.clock

    @provide
    async def session(self) -> AsyncIterator[ClientSession]:
        async with http_session() as session:
            yield session

    @provide
    def identity(self, settings: Settings) -> ServiceIdentity:
        key = settings.internal_api_key
        return ServiceIdentity(SERVICE_ID, key.get_secret_value() if key else "")

    @provide
    async def accounts(
        self,
        session: ClientSession,
        identity: ServiceIdentity,
        settings: Settings,
        runtime: ClientRuntime,
    ) -> AsyncIterator[AnyOf[Accounts, Decisions]]:
        downstream = settings.identity
        async with aclosing(ServiceClient(session, downstream, runtime)) as client:
            yield HttpAccounts(client, identity, read=downstream.read, write=downstream.write)

    @provide
    async def credits_client(
        self, session: ClientSession, settings: Settings, runtime: ClientRuntime
    ) -> AsyncIterator[Credits]:
        downstream = settings.entitlements
        async with aclosing(ServiceClient(session, downstream, runtime)) as client:
            yield HttpCredits(client, read=downstream.read, write=downstream.write)

    @provide
    async def change_marks(self, settings: Settings, clock: Clock) -> AsyncIterator[ChangeMarks]:
        if settings.redis_url is None:
            yield MemoryChangeMarks(clock.monotonic)
            return
        redis = open_redis(settings.redis_url)
        try:
            yield RedisChangeMarks(redis)
        finally:
            await redis.aclose()

    @provide
    async def settings_store(
        self,
        session: ClientSession,
        identity: ServiceIdentity,
        settings: Settings,
        runtime: ClientRuntime,
    ) -> AsyncIterator[AnyOf[SettingsStore, NamespaceValues, SettingChanges]]:
        downstream = settings.config_service
        async with aclosing(ServiceClient(session, downstream, runtime)) as client:
            yield HttpSettings(client, identity, read=downstream.read, write=downstream.write)

    @provide
    def health_checks(self, settings: Settings, clock: Clock) -> HealthChecks:
        return HttpHealthChecks(settings.health_urls, clock, timeout=settings.health.patience)


def make_container(
    settings: Settings, runtime: ClientRuntime, *replacing: Provider
) -> AsyncContainer:
    """Make the container of one app; `replacing` providers override on purpose."""
    return make_async_container(
        AdminProvider(),
        ContextProvider(),
        *replacing,
        context={Settings: settings, ClientRuntime: runtime},
        validation_settings=STRICT_VALIDATION,
    )
