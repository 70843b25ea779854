"""What is made once and handed to whom."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import ClientSession
from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide

from bff_core.client import ClientRuntime, ServiceClient, ServiceIdentity, http_session
from bff_core.clock import Clock
from bff_core.server import ContextProvider
from services.bff_admin.clients.health import HttpCheckups
from services.bff_admin.clients.identity import HttpAccounts
from services.bff_admin.clients.setting_changes import HttpChanges
from services.bff_admin.clients.settings import HttpSettings
from services.bff_admin.config import SERVICE_ID, Settings
from services.bff_admin.ports import (
    Accounts,
    Breakers,
    Changes,
    Checkups,
    CurrentSettings,
    Decisions,
    SettingsStore,
)
from services.bff_admin.screens.audit import AuditScreen
from services.bff_admin.screens.audit_trail import AuditTrail
from services.bff_admin.screens.overview import OverviewScreen
from services.bff_admin.screens.users import UsersScreen


class AdapterProvider(Provider):
    """What reaches out; tests replace it."""

    scope = Scope.APP

    def __init__(self, settings: Settings, outbound: ClientRuntime) -> None:
        super().__init__()
        self._settings = settings
        self._outbound = outbound

    @provide
    async def session(self) -> AsyncIterator[ClientSession]:
        async with http_session() as session:
            yield session

    @provide
    def identity(self) -> ServiceIdentity:
        key = self._settings.internal_api_key
        return ServiceIdentity(SERVICE_ID, key.get_secret_value() if key else "")

    @provide
    async def http_accounts(
        self, session: ClientSession, identity: ServiceIdentity
    ) -> AsyncIterator[HttpAccounts]:
        rules = self._settings.identity
        async with aclosing(ServiceClient(session, rules, self._outbound)) as admin:
            yield HttpAccounts(admin, identity, read=rules.read, write=rules.write)

    @provide
    def accounts(self, accounts: HttpAccounts) -> Accounts:
        return accounts

    @provide
    def decisions(self, accounts: HttpAccounts) -> Decisions:
        return accounts

    @provide
    async def config_service(self, session: ClientSession) -> AsyncIterator[ServiceClient]:
        rules = self._settings.config_service
        async with aclosing(ServiceClient(session, rules, self._outbound)) as config:
            yield config

    @provide
    def http_settings(self, config: ServiceClient, identity: ServiceIdentity) -> HttpSettings:
        rules = self._settings.config_service
        return HttpSettings(config, identity, read=rules.read, write=rules.write)

    @provide
    def changes(self, config: ServiceClient, identity: ServiceIdentity) -> Changes:
        return HttpChanges(config, identity, read=self._settings.config_service.read)

    @provide
    def current_settings(self, settings: HttpSettings) -> CurrentSettings:
        return settings

    @provide
    def checkups(self, clock: Clock) -> Checkups:
        settings = self._settings
        return HttpCheckups(settings.watched, clock, patience=settings.health.patience)

    @provide
    def breakers(self) -> Breakers:
        return self._outbound

    @provide
    def clock(self) -> Clock:
        return self._outbound.clock

    @provide
    def settings_store(self, settings: HttpSettings) -> SettingsStore:
        return settings


class ScreenProvider(Provider):
    """What composes; the same in tests."""

    scope = Scope.APP

    users = provide(UsersScreen)
    trail = provide(AuditTrail)
    audit = provide(AuditScreen)
    overview = provide(OverviewScreen)


def make_container(
    settings: Settings, outbound: ClientRuntime, *replacing: Provider
) -> AsyncContainer:
    """The container of one app; `replacing` providers override on purpose."""
    return make_async_container(
        AdapterProvider(settings, outbound),
        ScreenProvider(),
        ContextProvider(),
        *replacing,
        validation_settings=STRICT_VALIDATION,
    )
