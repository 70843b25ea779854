"""What is made once and handed to whom."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import ClientSession
from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide

from bff_core.http import Outbound, ServiceClient, ServiceIdentity, http_session
from bff_core.protocols import Switches
from bff_core.web import ContextProvider
from services.bff_teacher.clients.cms import HttpClasses
from services.bff_teacher.clients.config import (
    ChangeSignal,
    HttpSwitches,
    Source,
    following,
    redis_for_changes,
)
from services.bff_teacher.clients.identity import HttpProfiles
from services.bff_teacher.clients.ras import HttpResults
from services.bff_teacher.config import SERVICE_ID, Settings
from services.bff_teacher.protocols import Classes, Profiles, Results
from services.bff_teacher.screens.class_list import ClassListScreen
from services.bff_teacher.screens.dashboard import DashboardScreen
from services.bff_teacher.screens.profile import ProfileScreen


class AdapterProvider(Provider):
    """What reaches out; tests replace it."""

    scope = Scope.APP

    def __init__(self, settings: Settings, outbound: Outbound) -> None:
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
    async def results(
        self, session: ClientSession, identity: ServiceIdentity
    ) -> AsyncIterator[Results]:
        rules = self._settings.ras
        async with aclosing(ServiceClient(session, rules, self._outbound)) as ras:
            yield HttpResults(
                ras, identity, user_list=rules.user_list, class_activity=rules.class_activity
            )

    @provide
    async def classes(
        self, session: ClientSession, identity: ServiceIdentity
    ) -> AsyncIterator[Classes]:
        rules = self._settings.cms
        async with aclosing(ServiceClient(session, rules, self._outbound)) as cms:
            yield HttpClasses(
                cms, identity, class_list=rules.class_list, class_info=rules.class_info
            )

    @provide
    async def profiles(self, session: ClientSession) -> AsyncIterator[Profiles]:
        rules = self._settings.identity
        async with aclosing(ServiceClient(session, rules, self._outbound)) as identity:
            yield HttpProfiles(identity, profile=rules.profile)


class SwitchesProvider(Provider):
    """What operators switch; followed for as long as the app lives."""

    scope = Scope.APP

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    @provide
    async def switches(
        self, session: ClientSession, identity: ServiceIdentity
    ) -> AsyncIterator[Switches]:
        config = self._settings.config
        url = self._settings.redis_url
        switches = HttpSwitches(session, Source(config.url, identity, config.budget))
        redis = redis_for_changes(url) if url else None
        try:
            async with following(switches, ChangeSignal(redis, poll=config.poll)):
                yield switches
        finally:
            if redis:
                await redis.aclose()


class ScreenProvider(Provider):
    """What composes; the same in tests."""

    scope = Scope.APP

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._disabled: frozenset[str] = settings.disabled_parts

    @provide
    def dashboard(self, results: Results, classes: Classes) -> DashboardScreen:
        return DashboardScreen(results, classes, self._disabled)

    @provide
    def class_list(self, results: Results, classes: Classes) -> ClassListScreen:
        return ClassListScreen(results, classes, self._disabled)

    @provide
    def profile(self, profiles: Profiles) -> ProfileScreen:
        return ProfileScreen(profiles, self._disabled)


def make_container(settings: Settings, outbound: Outbound, *replacing: Provider) -> AsyncContainer:
    """The container of one app; `replacing` providers override on purpose."""
    return make_async_container(
        AdapterProvider(settings, outbound),
        SwitchesProvider(settings),
        ScreenProvider(settings),
        ContextProvider(),
        *replacing,
        validation_settings=STRICT_VALIDATION,
    )
