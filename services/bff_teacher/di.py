"""Dependency providers."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import NewType

from aiohttp import ClientSession
from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide

from bff_core.client import ClientRuntime, ServiceClient, ServiceIdentity, http_session
from bff_core.clock import Clock
from bff_core.ports import Switches
from bff_core.server import ContextProvider
from services.bff_teacher.clients.cached_reads import HttpCachedReads
from services.bff_teacher.clients.cms import (
    STUDENTS_OF_BATCH,
    HttpAssociations,
    HttpClasses,
    HttpStudents,
)
from services.bff_teacher.clients.config import ConfigWatcher, HttpSwitches, redis_for_changes
from services.bff_teacher.clients.content import HttpTexts
from services.bff_teacher.clients.files import STATES, HttpFiles
from services.bff_teacher.clients.identity import HttpProfiles
from services.bff_teacher.clients.ras import BATCHES, HttpBatches, HttpResults
from services.bff_teacher.config import SERVICE_ID, Settings
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.ledger import SqlConfirmations, confirmations_counter
from services.bff_teacher.confirmations.model import Confirmations
from services.bff_teacher.live import LiveOptions
from services.bff_teacher.live.provider import LiveProvider, StreamReads
from services.bff_teacher.ports import (
    Associations,
    Batches,
    CachedReads,
    Classes,
    CurrentFacts,
    Files,
    Results,
    Students,
    Texts,
    UserProfiles,
)
from services.bff_teacher.screens.associations import AssociationsScreen
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.class_list import ClassListScreen
from services.bff_teacher.screens.confirm import ConfirmScreen, ConfirmTimeouts
from services.bff_teacher.screens.dashboard import DashboardScreen
from services.bff_teacher.screens.essay import EssayScreen
from services.bff_teacher.screens.parts import DisabledParts
from services.bff_teacher.screens.profile import ProfileScreen

# One client a service, so that its adapters share breaker, bulkhead and retry budget.
Ras = NewType("Ras", ServiceClient)
Cms = NewType("Cms", ServiceClient)
FileService = NewType("FileService", ServiceClient)

LEASE_MARGIN = 1.0
"""Seconds beyond the confirm budget for which an attempt counts as running."""


class ServiceProvider(Provider):
    """Clients of the downstream services, and what they share."""

    scope = Scope.APP

    def __init__(self, settings: Settings, runtime: ClientRuntime) -> None:
        super().__init__()
        self._settings = settings
        self._runtime = runtime

    @provide
    async def session(self) -> AsyncIterator[ClientSession]:
        async with http_session() as session:
            yield session

    @provide
    def clock(self) -> Clock:
        return self._runtime.clock

    @provide
    def identity(self) -> ServiceIdentity:
        key = self._settings.internal_api_key
        return ServiceIdentity(SERVICE_ID, key.get_secret_value() if key else "")

    @provide
    async def ras(self, session: ClientSession) -> AsyncIterator[Ras]:
        async with aclosing(ServiceClient(session, self._settings.ras, self._runtime)) as ras:
            yield Ras(ras)

    @provide
    async def cms(self, session: ClientSession) -> AsyncIterator[Cms]:
        async with aclosing(ServiceClient(session, self._settings.cms, self._runtime)) as cms:
            yield Cms(cms)

    @provide
    async def file_service(self, session: ClientSession) -> AsyncIterator[FileService]:
        rules = self._settings.files
        async with aclosing(ServiceClient(session, rules, self._runtime)) as files:
            yield FileService(files)


class TeacherAdapterProvider(Provider):
    """Adapters of the ports; tests replace them."""

    scope = Scope.APP

    def __init__(self, settings: Settings, runtime: ClientRuntime, ledger: LedgerDatabase) -> None:
        super().__init__()
        self._settings = settings
        self._runtime = runtime
        self._ledger = ledger
        self._confirmations_counter = confirmations_counter(runtime.metrics.registry)

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
        ras_rules, cms_rules = self._settings.ras.uncached(), self._settings.cms.uncached()
        return CurrentFacts(
            HttpBatches(
                ras, identity, clock, one_batch=ras_rules.one_batch, one_essay=ras_rules.one_essay
            ),
            HttpClasses(
                cms, identity, class_list=cms_rules.class_list, class_info=cms_rules.class_info
            ),
            HttpStudents(
                cms, identity, rosters=cms_rules.rosters, student_names=cms_rules.student_names
            ),
        )

    @provide
    def associations(self, cms: Cms) -> Associations:
        rules = self._settings.cms
        return HttpAssociations(cms, associations=rules.associations, confirm=rules.confirm)

    @provide
    def files(self, client: FileService) -> Files:
        return HttpFiles(client, state=self._settings.files.state)

    @provide
    def stream_reads(
        self, ras: Ras, cms: Cms, files: FileService, identity: ServiceIdentity, clock: Clock
    ) -> StreamReads:
        ras_rules, cms_rules = self._settings.ras, self._settings.cms
        return StreamReads(
            HttpResults(
                ras,
                identity,
                user_list=ras_rules.user_list,
                class_activity=ras_rules.class_activity,
                supersedes=BATCHES,
            ),
            HttpBatches(
                ras,
                identity,
                clock,
                one_batch=ras_rules.one_batch,
                one_essay=ras_rules.one_essay,
                supersedes=BATCHES,
            ),
            HttpStudents(
                cms,
                identity,
                rosters=cms_rules.rosters,
                student_names=cms_rules.student_names,
                supersedes=STUDENTS_OF_BATCH,
            ),
            HttpFiles(files, state=self._settings.files.state, supersedes=STATES),
        )

    @provide
    def cached_reads(self, ras: Ras, cms: Cms, files: FileService) -> CachedReads:
        return HttpCachedReads(ras, cms, files)

    @provide
    async def texts(self, session: ClientSession) -> AsyncIterator[Texts]:
        rules = self._settings.content
        async with aclosing(ServiceClient(session, rules, self._runtime)) as content:
            yield HttpTexts(content, text_of=rules.text)

    @provide
    async def profiles(self, session: ClientSession) -> AsyncIterator[UserProfiles]:
        rules = self._settings.identity
        async with aclosing(ServiceClient(session, rules, self._runtime)) as identity:
            yield HttpProfiles(identity, profile=rules.profile)

    @provide
    def confirmations(self) -> Confirmations:
        return SqlConfirmations(self._ledger, self._confirmations_counter)


class SwitchesProvider(Provider):
    """Maintenance switches, watched for as long as the app runs."""

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
        switches = HttpSwitches(session, config.url, identity, budget=config.budget)
        redis = redis_for_changes(url) if url else None
        try:
            async with ConfigWatcher(switches, redis, poll=config.poll).running():
                yield switches
        finally:
            if redis:
                await redis.aclose()


class TeacherScreenProvider(Provider):
    """The screens; tests keep them."""

    scope = Scope.APP

    dashboard = provide(DashboardScreen)
    class_list = provide(ClassListScreen)
    profile = provide(ProfileScreen)
    batch_detail = provide(BatchDetailScreen)
    essay = provide(EssayScreen)
    associations = provide(AssociationsScreen)
    confirm = provide(ConfirmScreen)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    @provide
    def disabled_parts(self) -> DisabledParts:
        return frozenset(self._settings.disabled_parts)

    @provide
    def confirm_timeouts(self) -> ConfirmTimeouts:
        return ConfirmTimeouts(
            lease=self._settings.confirm_budget + LEASE_MARGIN, ledger=self._settings.ledger_budget
        )


def open_ledger(settings: Settings) -> LedgerDatabase:
    """The ledger's database, not yet connected."""
    url = settings.ledger_url.get_secret_value()
    return LedgerDatabase(url, timeout=settings.ledger_budget)


def make_container(
    settings: Settings, runtime: ClientRuntime, ledger: LedgerDatabase, *replacing: Provider
) -> AsyncContainer:
    """The container of one app; `replacing` providers override the others."""
    live = LiveOptions(read_budget=settings.request_budget, **settings.live.model_dump())
    return make_async_container(
        ServiceProvider(settings, runtime),
        TeacherAdapterProvider(settings, runtime, ledger),
        SwitchesProvider(settings),
        LiveProvider(settings.redis_url, live, runtime.metrics, settings.disabled_parts),
        TeacherScreenProvider(settings),
        ContextProvider(),
        *replacing,
        validation_settings=STRICT_VALIDATION,
    )
