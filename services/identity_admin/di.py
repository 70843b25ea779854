"""Dependency providers."""

from dataclasses import replace

from dishka import Provider, Scope, provide
from quart import g, request
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock
from bff_core.context import RequestContext, ServiceId
from services.identity_admin.config import Settings
from services.identity_admin.domain_handlers.decide_handler import DecideHandler
from services.identity_admin.domain_handlers.invite_handler import InviteHandler
from services.identity_admin.domain_handlers.query_handler import ApprovalQueryHandler
from services.identity_admin.implementations.administrators import ScopePolicy, SqlAdministrators
from services.identity_admin.implementations.approval_queries import SqlApprovalQueries
from services.identity_admin.implementations.approval_repository import SqlApprovalRepository
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.invitation_repository import SqlInvitations
from services.identity_admin.implementations.outbox_events import EmailTemplates
from services.identity_admin.models import Admin
from services.identity_admin.ports import (
    Administrators,
    ApprovalQueries,
    ApprovalRepository,
    Invitations,
)


class IdentityAdminProvider(Provider):
    """Provider for Identity's container, which must provide an `AsyncEngine`."""

    scope = Scope.APP

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._settings = settings
        self._clock = clock

    approval_queries = provide(SqlApprovalQueries, provides=ApprovalQueries)
    invitations = provide(SqlInvitations, provides=Invitations)

    @provide
    async def sign_in_gate(self, engine: AsyncEngine) -> SignInGate:
        return await SignInGate.open(engine)

    @provide
    def administrators(self, engine: AsyncEngine) -> Administrators:
        settings = self._settings
        policy = ScopePolicy(settings.scope == "org", settings.unlimited_role)
        return SqlAdministrators(engine, settings.role, policy)

    @provide
    def approval_repository(self, engine: AsyncEngine) -> ApprovalRepository:
        settings = self._settings
        return SqlApprovalRepository(engine, email_templates(settings), settings.role)

    @provide
    def invite_handler(self, invitations: Invitations) -> InviteHandler:
        return InviteHandler(invitations, self._clock, self._settings.invitation_seconds)

    @provide
    def decide_handler(self, repository: ApprovalRepository) -> DecideHandler:
        return DecideHandler(repository, self._clock)

    @provide
    def query_handler(self, queries: ApprovalQueries) -> ApprovalQueryHandler:
        return ApprovalQueryHandler(queries, self._clock)

    @provide(scope=Scope.REQUEST)
    def context(self) -> RequestContext:
        """Add the service id to the context; the service's key was checked before.

        Separate from the kernel's provider, which would clash with that of another mounted module.
        """
        context: RequestContext = g.request_context
        return replace(context, service_id=ServiceId(request.headers["X-Service-ID"]))

    @provide(scope=Scope.REQUEST)
    def admin(self) -> Admin:
        """The admin of the request, whom the blueprint has looked up."""
        admin: Admin = g.admin
        return admin


def email_templates(settings: Settings) -> EmailTemplates:
    return EmailTemplates(
        settings.mail_on_approval, settings.mail_on_denial, settings.dashboard_url
    )
