"""What is made once and handed to whom."""

from dataclasses import replace

from dishka import Provider, Scope, provide
from quart import g, request
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock
from bff_core.context import RequestContext, ServiceId
from services.identity_admin.config import Settings
from services.identity_admin.domain_handlers.deciding import Deciding
from services.identity_admin.domain_handlers.deciding_many import DecidingMany
from services.identity_admin.domain_handlers.listing import Listing
from services.identity_admin.implementations.administrators import SqlAdministrators
from services.identity_admin.implementations.casebook import SqlCasebook
from services.identity_admin.implementations.event_rows import Mails
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.register import SqlRegister
from services.identity_admin.implementations.registration import PendingRegistrations
from services.identity_admin.protocols import Administrators, Casebook, Register


class IdentityAdminProvider(Provider):
    """Asks the container that it joins for one thing: Identity's `AsyncEngine`."""

    scope = Scope.APP

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__()
        self._settings = settings
        self._clock = clock

    @provide
    async def gate(self, engine: AsyncEngine) -> SignInGate:
        return await SignInGate.opened(engine)

    @provide
    def registrations(self) -> PendingRegistrations:
        return PendingRegistrations()

    @provide
    def administrators(self, engine: AsyncEngine) -> Administrators:
        return SqlAdministrators(engine, self._settings.role)

    @provide
    def casebook(self, engine: AsyncEngine) -> Casebook:
        return SqlCasebook(engine, mails_of(self._settings))

    @provide
    def register(self, engine: AsyncEngine) -> Register:
        return SqlRegister(engine)

    @provide
    def deciding(self, casebook: Casebook) -> Deciding:
        return Deciding(casebook, self._clock)

    @provide
    def deciding_many(self, deciding: Deciding) -> DecidingMany:
        return DecidingMany(deciding)

    @provide
    def listing(self, register: Register) -> Listing:
        return Listing(register, self._clock)

    @provide(scope=Scope.REQUEST)
    def context(self) -> RequestContext:
        """Not the kernel's provider: two of them would clash where Identity grows another guest."""
        context: RequestContext = g.request_context
        # Whoever it names has shown the key: that was asked for first.
        return replace(context, service_id=ServiceId(request.headers["X-Service-ID"]))


def mails_of(settings: Settings) -> Mails:
    return Mails(settings.mail_on_approval, settings.mail_on_denial, settings.dashboard_url)
