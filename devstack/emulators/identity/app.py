"""The emulated Identity service as one Quart application."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager

from quart import Quart, Response, g
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import Clock, SystemClock
from devstack.emulators.identity.approval import Approval
from devstack.emulators.identity.database import create_tables, open_engine
from devstack.emulators.identity.gate import (
    NothingToRegister,
    OpenGate,
    RegistrationHook,
    SignInGate,
)
from devstack.emulators.identity.parts import EXTENSION, assemble
from devstack.emulators.identity.routes import auth, mailbox, mailed, profiles, sessions, system
from devstack.emulators.identity.routes.failures import answer_failures
from devstack.emulators.identity.routes.inbound import note_request
from devstack.emulators.identity.seeding import SeedPerson, seed_people
from devstack.emulators.identity.settings import IdentitySettings

_BLUEPRINTS = (system, auth, mailed, sessions, profiles, mailbox)


def create_app(
    settings: IdentitySettings,
    *,
    engine: AsyncEngine | None = None,
    gate: SignInGate | None = None,
    hook: RegistrationHook | None = None,
    approval: Approval | None = None,
    people: Iterable[SeedPerson] = (),
    clock: Clock | None = None,
) -> Quart:
    """The service, with its tables made and `people` in them once it serves.

    An engine that is handed in stays the caller's to close; so do blueprints and containers that
    the caller mounts beside ours. `gate` and `hook` are where account approval fits in; `approval`
    is the one that ships, both of them and its routes.
    """
    app = Quart("identity_service")
    clock, hook = clock or SystemClock(), hook or approval or NothingToRegister()
    database = engine or open_engine(settings.database_url)
    parts = assemble(settings, database, gate or approval or OpenGate(), hook, clock)
    app.extensions[EXTENSION] = parts
    app.before_request(note_request)
    app.after_request(_show_trace)
    answer_failures(app)
    for module in _BLUEPRINTS:
        app.register_blueprint(module.blueprint)
    if approval is not None:
        approval.mount(app, database)

    async def lifespan() -> AsyncGenerator[None, None]:
        async with _prepared(database, approval):
            await seed_people(database, people, hook=hook)
            yield
        await parts.limit.close()
        if engine is None:
            await database.dispose()

    app.while_serving(lifespan)
    return app


@asynccontextmanager
async def _prepared(database: AsyncEngine, approval: Approval | None) -> AsyncIterator[None]:
    """Identity's own tables, and whatever approval adds to them."""
    await create_tables(database)
    if approval is None:
        yield
        return
    await approval.start(database)
    try:
        yield
    finally:
        await approval.stop()


async def _show_trace(response: Response) -> Response:
    response.headers["traceparent"] = f"00-{g.trace_id}-{g.span_id}-03"
    response.headers["X-Trace-ID"] = g.trace_id
    response.headers["X-Span-ID"] = g.span_id
    return response
