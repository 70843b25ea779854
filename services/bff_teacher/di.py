"""What is made once and handed to whom."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import NewType

from aiohttp import ClientSession
from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide

from bff_core.client import ClientRuntime, ServiceClient, ServiceIdentity, http_session
from bff_core.clock import Clock
from bff_core.protocols import Switches
from bff_core.server import ContextProvider
from bff_core.settings import Operation
from services.bff_teacher.clients.cms import HttpClasses
from services.bff_teacher.clients.cms_associations import HttpAssociations
from services.bff_teacher.clients.cms_students import HttpStudents
from services.bff_teacher.clients.config import (
    ChangeSignal,
    HttpSwitches,
    Source,
    following,
    redis_for_changes,
)
from services.bff_teacher.clients.content import HttpTexts
from services.bff_teacher.clients.files import HttpFiles
from services.bff_teacher.clients.identity import HttpProfiles
from services.bff_teacher.clients.ras import HttpResults
from services.bff_teacher.clients.ras_batches import HttpBatches
from services.bff_teacher.config import SERVICE_ID, Settings
from services.bff_teacher.implementations.confirmations import (
    SqlConfirmations,
    count_of_confirmations,
)
from services.bff_teacher.implementations.ledger_database import LedgerDatabase
from services.bff_teacher.live import LiveOptions
from services.bff_teacher.live.provider import CurrentFiles, CurrentResults, LiveProvider
from services.bff_teacher.protocols import (
    Associations,
    Batches,
    Classes,
    Confirmations,
    CurrentFacts,
    Files,
    Profiles,
    Results,
    Students,
    Texts,
)
from services.bff_teacher.screens.associations import AssociationsScreen
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.class_list import ClassListScreen
from services.bff_teacher.screens.confirm import ConfirmScreen
from services.bff_teacher.screens.dashboard import DashboardScreen
from services.bff_teacher.screens.essay import EssayScreen
from services.bff_teacher.screens.profile import ProfileScreen

# One client a service, however many ports stand on it: what it learns of the service is shared.
Ras = NewType("Ras", ServiceClient)
Cms = NewType("Cms", ServiceClient)
FileService = NewType("FileService", ServiceClient)

LEASE_MARGIN = 1.0


class ServiceProvider(Provider):
    """The services behind this one; what they need is made here, how they are asked is not."""

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
    def clock(self) -> Clock:
        return self._outbound.clock

    @provide
    def identity(self) -> ServiceIdentity:
        key = self._settings.internal_api_key
        return ServiceIdentity(SERVICE_ID, key.get_secret_value() if key else "")

    @provide
    async def ras(self, session: ClientSession) -> AsyncIterator[Ras]:
        async with aclosing(ServiceClient(session, self._settings.ras, self._outbound)) as ras:
            yield Ras(ras)

    @provide
    async def cms(self, session: ClientSession) -> AsyncIterator[Cms]:
        async with aclosing(ServiceClient(session, self._settings.cms, self._outbound)) as cms:
            yield Cms(cms)

    @provide
    async def file_service(self, session: ClientSession) -> AsyncIterator[FileService]:
        rules = self._settings.files
        async with aclosing(ServiceClient(session, rules, self._outbound)) as files:
            yield FileService(files)


class AdapterProvider(Provider):
    """What reaches out; tests replace it."""

    scope = Scope.APP

    def __init__(self, settings: Settings, outbound: ClientRuntime, ledger: LedgerDatabase) -> None:
        super().__init__()
        self._settings = settings
        self._outbound = outbound
        self._ledger = ledger
        self._confirmed = count_of_confirmations(outbound.metrics.registry)

    @provide
    def results(self, ras: Ras, identity: ServiceIdentity) -> Results:
        rules = self._settings.ras
        return HttpResults(
            ras, identity, user_list=rules.user_list, class_activity=rules.class_activity
        )

    @provide
    def batches(self, ras: Ras, identity: ServiceIdentity, clock: Clock) -> Batches:
        rules = self._settings.ras
        return HttpBatches(
            ras, identity, clock, one_batch=rules.one_batch, one_essay=rules.one_essay
        )

    @provide
    def classes(self, cms: Cms, identity: ServiceIdentity) -> Classes:
        rules = self._settings.cms
        return HttpClasses(cms, identity, class_list=rules.class_list, class_info=rules.class_info)

    @provide
    def students(self, cms: Cms, identity: ServiceIdentity) -> Students:
        rules = self._settings.cms
        return HttpStudents(cms, identity, rosters=rules.rosters, student_names=rules.student_names)

    @provide
    def current_facts(
        self, ras: Ras, cms: Cms, identity: ServiceIdentity, clock: Clock
    ) -> CurrentFacts:
        of_ras, of_cms = self._settings.ras, self._settings.cms
        one_batch, one_essay = _uncached(of_ras.one_batch), _uncached(of_ras.one_essay)
        class_list, class_info = _uncached(of_cms.class_list), _uncached(of_cms.class_info)
        rosters, names = _uncached(of_cms.rosters), _uncached(of_cms.student_names)
        return CurrentFacts(
            HttpBatches(ras, identity, clock, one_batch=one_batch, one_essay=one_essay),
            HttpClasses(cms, identity, class_list=class_list, class_info=class_info),
            HttpStudents(cms, identity, rosters=rosters, student_names=names),
        )

    @provide
    def associations(self, cms: Cms) -> Associations:
        rules = self._settings.cms
        return HttpAssociations(cms, associations=rules.associations, confirm=rules.confirm)

    @provide
    def files(self, client: FileService) -> Files:
        return HttpFiles(client, state=self._settings.files.state)

    @provide
    def current_results(self, ras: Ras, identity: ServiceIdentity) -> CurrentResults:
        user_list = _uncached(self._settings.ras.user_list)
        return CurrentResults(
            HttpResults(ras, identity, user_list=user_list, class_activity=user_list)
        )

    @provide
    def current_files(self, client: FileService) -> CurrentFiles:
        return CurrentFiles(HttpFiles(client, state=_uncached(self._settings.files.state)))

    @provide
    async def texts(self, session: ClientSession) -> AsyncIterator[Texts]:
        rules = self._settings.content
        async with aclosing(ServiceClient(session, rules, self._outbound)) as content:
            yield HttpTexts(content, text_of=rules.text)

    @provide
    async def profiles(self, session: ClientSession) -> AsyncIterator[Profiles]:
        rules = self._settings.identity
        async with aclosing(ServiceClient(session, rules, self._outbound)) as identity:
            yield HttpProfiles(identity, profile=rules.profile)

    @provide
    def confirmations(self) -> Confirmations:
        return SqlConfirmations(self._ledger, self._confirmed)


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
        self._lease = timedelta(seconds=settings.confirm_budget + LEASE_MARGIN)

    @provide
    def dashboard(self, results: Results, classes: Classes, students: Students) -> DashboardScreen:
        return DashboardScreen(results, classes, students, self._disabled)

    @provide
    def class_list(self, results: Results, classes: Classes, students: Students) -> ClassListScreen:
        return ClassListScreen(results, classes, students, self._disabled)

    @provide
    def profile(self, profiles: Profiles) -> ProfileScreen:
        return ProfileScreen(profiles, self._disabled)

    @provide
    def batch_detail(
        self, batches: Batches, classes: Classes, students: Students, files: Files
    ) -> BatchDetailScreen:
        return BatchDetailScreen(batches, classes, students, files, self._disabled)

    @provide
    def essay(self, batches: Batches, students: Students, texts: Texts) -> EssayScreen:
        return EssayScreen(batches, students, texts, self._disabled)

    @provide
    def associations(
        self,
        batches: Batches,
        associations: Associations,
        classes: Classes,
        students: Students,
    ) -> AssociationsScreen:
        return AssociationsScreen(batches, associations, classes, students, self._disabled)

    @provide
    def confirm(
        self,
        facts: CurrentFacts,
        associations: Associations,
        ledger: Confirmations,
        clock: Clock,
    ) -> ConfirmScreen:
        return ConfirmScreen(facts, associations, ledger, clock, self._lease)


def _uncached(rule: Operation) -> Operation:
    return rule.model_copy(
        update={
            "max_age": 0,
            "stale_while_revalidate": 0,
            "stale_if_error": 0,
            "store_in_redis": False,
        }
    )


def open_ledger(settings: Settings) -> LedgerDatabase:
    """The ledger's database, not yet touched."""
    url = settings.ledger_url.get_secret_value()
    return LedgerDatabase(url, within=settings.ledger_budget)


def make_container(
    settings: Settings, outbound: ClientRuntime, ledger: LedgerDatabase, *replacing: Provider
) -> AsyncContainer:
    """The container of one app; `replacing` providers override on purpose."""
    live = LiveOptions(read_budget=settings.request_budget, **settings.live.model_dump())
    return make_async_container(
        ServiceProvider(settings, outbound),
        AdapterProvider(settings, outbound, ledger),
        SwitchesProvider(settings),
        LiveProvider(settings.redis_url, live, outbound.metrics, settings.disabled_parts),
        ScreenProvider(settings),
        ContextProvider(),
        *replacing,
        validation_settings=STRICT_VALIDATION,
    )
