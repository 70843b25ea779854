"""Dependency providers."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from aiohttp import ClientSession
from dishka import (
    STRICT_VALIDATION,
    AsyncContainer,
    Provider,
    Scope,
    alias,
    make_async_container,
    provide,
)

from bff_core.client import ClientRuntime, ServiceClient, ServiceIdentity
from bff_core.clock import Clock
from bff_core.server import ContextProvider
from services.bff_teacher.clients.bos import HttpPipelines
from services.bff_teacher.clients.cached_reads import HttpCachedReads
from services.bff_teacher.clients.cms import (
    STUDENTS_OF_BATCH,
    HttpAssociations,
    HttpClasses,
    HttpReviews,
    HttpStudents,
)
from services.bff_teacher.clients.content import HttpTexts
from services.bff_teacher.clients.entitlements import HttpCredits
from services.bff_teacher.clients.files import STATES, HttpFiles
from services.bff_teacher.clients.identity import HttpProfiles
from services.bff_teacher.clients.ras import BATCHES, HttpBatches, HttpResults
from services.bff_teacher.config import Settings
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.provider import LedgerProvider
from services.bff_teacher.confirmations.upload import BatchRecords
from services.bff_teacher.di.events import EventsProvider
from services.bff_teacher.di.screens import TeacherScreenProvider
from services.bff_teacher.di.services import (
    Bos,
    Cms,
    FileService,
    Ras,
    ServiceProvider,
    SwitchesProvider,
)
from services.bff_teacher.di.workflow import (
    WorkflowAdapterProvider,
    WorkflowScreenProvider,
)
from services.bff_teacher.events.model import KnownEvents
from services.bff_teacher.events.status import EventsStatus
from services.bff_teacher.live import LiveOptions
from services.bff_teacher.live.notice_provider import NoticeProvider
from services.bff_teacher.live.provider import LiveProvider, StreamReads
from services.bff_teacher.multipart import FormBodyProvider
from services.bff_teacher.ports import (
    Associations,
    Batches,
    CachedReads,
    Classes,
    Credits,
    CurrentFacts,
    Files,
    Pipelines,
    Results,
    Reviews,
    Students,
    Texts,
    UserProfiles,
)


class TeacherAdapterProvider(Provider):
    """Adapters of the ports; tests replace them."""

    scope = Scope.APP

    def __init__(self, settings: Settings, runtime: ClientRuntime) -> None:
        super().__init__()
        self._settings = settings
        self._runtime = runtime

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
            HttpResults(
                ras,
                identity,
                user_list=ras_rules.user_list,
                class_activity=ras_rules.class_activity,
            ),
        )

    @provide
    def associations(self, cms: Cms) -> Associations:
        rules = self._settings.cms
        return HttpAssociations(cms, associations=rules.associations, confirm=rules.confirm)

    @provide
    def pipelines(self, bos: Bos) -> Pipelines:
        return HttpPipelines(bos, pipeline_state=self._settings.bos.pipeline_state)

    @provide
    def reviews(self, cms: Cms, identity: ServiceIdentity, clock: Clock) -> Reviews:
        return HttpReviews(cms, identity, clock, validation=self._settings.cms.validation)

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
    def cached_reads(
        self,
        *,
        ras: Ras,
        cms: Cms,
        bos: Bos,
        files: FileService,
        records: BatchRecords,
        balances: HttpCredits,
        events: KnownEvents,
    ) -> CachedReads:
        return HttpCachedReads(ras, cms, bos, files, records, balances, events)

    @provide
    async def http_credits(
        self, session: ClientSession, clock: Clock
    ) -> AsyncIterator[HttpCredits]:
        rules = self._settings.entitlements
        async with aclosing(ServiceClient(session, rules, self._runtime)) as client:
            balances = HttpCredits(client, clock, balance=rules.balance, check=rules.check)
            try:
                yield balances
            finally:
                await balances.aclose()

    credits = alias(source=HttpCredits, provides=Credits)

    @provide
    async def texts(self, session: ClientSession) -> AsyncIterator[Texts]:
        rules = self._settings.content
        async with aclosing(ServiceClient(session, rules, self._runtime)) as content:
            yield HttpTexts(content, text_of=rules.text, store=rules.store)

    @provide
    async def profiles(self, session: ClientSession) -> AsyncIterator[UserProfiles]:
        rules = self._settings.identity
        async with aclosing(ServiceClient(session, rules, self._runtime)) as identity:
            yield HttpProfiles(identity, profile=rules.profile)


def make_container(
    settings: Settings,
    runtime: ClientRuntime,
    ledger: LedgerDatabase,
    events: EventsStatus,
    *replacing: Provider,
) -> AsyncContainer:
    """The container of one app; `replacing` providers override the others."""
    live = LiveOptions(read_budget=settings.request_budget, **settings.live.model_dump())
    return make_async_container(
        ServiceProvider(settings, runtime),
        TeacherAdapterProvider(settings, runtime),
        LedgerProvider(ledger, runtime.metrics.registry),
        SwitchesProvider(settings),
        WorkflowAdapterProvider(settings, runtime),
        WorkflowScreenProvider(settings),
        LiveProvider(settings.redis_url, live, runtime.metrics, settings.disabled_parts),
        NoticeProvider(settings.redis_url, live.channels),
        EventsProvider(settings, ledger, live, events),
        TeacherScreenProvider(settings),
        ContextProvider(),
        FormBodyProvider(),
        *replacing,
        validation_settings=STRICT_VALIDATION,
    )
