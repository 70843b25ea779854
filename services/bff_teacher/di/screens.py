"""Providers of the screens; tests keep them."""

from dishka import Provider, Scope, provide

from bff_core.clock import Clock
from services.bff_teacher.config import Settings
from services.bff_teacher.confirmations.upload import BatchRecords
from services.bff_teacher.events.model import KnownEvents
from services.bff_teacher.ports import Pipelines, Reviews
from services.bff_teacher.screens.associations import AssociationsScreen
from services.bff_teacher.screens.batch_detail import BatchDetailScreen
from services.bff_teacher.screens.batch_results import BatchResultsScreen
from services.bff_teacher.screens.batch_title import BatchTitleScreen
from services.bff_teacher.screens.class_list import ClassListScreen
from services.bff_teacher.screens.class_page import ClassPageScreen
from services.bff_teacher.screens.confirm import ConfirmScreen, ConfirmTimeouts
from services.bff_teacher.screens.credits import CreditsScreen
from services.bff_teacher.screens.dashboard import DashboardScreen
from services.bff_teacher.screens.essay import EssayScreen
from services.bff_teacher.screens.parts import DisabledParts
from services.bff_teacher.screens.profile import ProfileScreen
from services.bff_teacher.screens.states import StateReads

LEASE_MARGIN = 1.0
"""Seconds beyond the confirm budget for which an attempt counts as running."""


class TeacherScreenProvider(Provider):
    """The screens; tests keep them."""

    scope = Scope.APP

    dashboard = provide(DashboardScreen)
    class_list = provide(ClassListScreen)
    class_page = provide(ClassPageScreen)
    profile = provide(ProfileScreen)
    credits = provide(CreditsScreen)
    batch_detail = provide(BatchDetailScreen)
    batch_results = provide(BatchResultsScreen)
    batch_title = provide(BatchTitleScreen)
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
    def states(
        self,
        *,
        pipelines: Pipelines,
        reviews: Reviews,
        records: BatchRecords,
        clock: Clock,
        disabled: DisabledParts,
        events: KnownEvents,
    ) -> StateReads:
        budget = self._settings.bos.pipeline_state.budget
        return StateReads(pipelines, reviews, records, clock, disabled, budget, events=events)

    @provide
    def confirm_timeouts(self) -> ConfirmTimeouts:
        return ConfirmTimeouts(
            lease=self._settings.confirm_budget + LEASE_MARGIN, ledger=self._settings.ledger_budget
        )
