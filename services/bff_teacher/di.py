"""What is made once and handed to whom."""

from collections.abc import AsyncIterator

from aiohttp import ClientSession
from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide

from bff_core.http import ServiceClient, ServiceIdentity, http_session
from bff_core.observability import Metrics
from bff_core.web import ContextProvider
from services.bff_teacher.clients.cms import HttpClasses
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

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        super().__init__()
        self._settings = settings
        self._metrics = metrics

    @provide
    async def session(self) -> AsyncIterator[ClientSession]:
        async with http_session() as session:
            yield session

    @provide
    def identity(self) -> ServiceIdentity:
        key = self._settings.internal_api_key
        return ServiceIdentity(SERVICE_ID, key.get_secret_value() if key else "")

    @provide
    def results(self, session: ClientSession, identity: ServiceIdentity) -> Results:
        ras = ServiceClient(session, self._settings.ras, self._metrics)
        rules = self._settings.ras
        return HttpResults(
            ras, identity, user_list=rules.user_list, class_activity=rules.class_activity
        )

    @provide
    def classes(self, session: ClientSession, identity: ServiceIdentity) -> Classes:
        cms = ServiceClient(session, self._settings.cms, self._metrics)
        rules = self._settings.cms
        return HttpClasses(cms, identity, class_list=rules.class_list, class_info=rules.class_info)

    @provide
    def profiles(self, session: ClientSession) -> Profiles:
        identity = ServiceClient(session, self._settings.identity, self._metrics)
        return HttpProfiles(identity, profile=self._settings.identity.profile)


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


def make_container(settings: Settings, metrics: Metrics, *replacing: Provider) -> AsyncContainer:
    """The container of one app; `replacing` providers override on purpose."""
    return make_async_container(
        AdapterProvider(settings, metrics),
        ScreenProvider(settings),
        ContextProvider(),
        *replacing,
        validation_settings=STRICT_VALIDATION,
    )
