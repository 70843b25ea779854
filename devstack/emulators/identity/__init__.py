"""The platform's Identity service, emulated over its own tables."""

from collections.abc import AsyncGenerator, Iterable

from quart import Quart
from sqlalchemy.ext.asyncio import AsyncEngine

from devstack.emulators.identity import accounts, profiles, sessions, sign_in, system
from devstack.emulators.identity.database import create_tables, open_engine, seed_people
from devstack.emulators.identity.login_limit import LoginLimit
from devstack.emulators.identity.service import (
    EXTENSION,
    SERVICE,
    Approval,
    Clock,
    Identity,
    SystemClock,
    add_trace_headers,
    answer_error,
    set_request_ids,
)
from devstack.emulators.identity.settings import IdentityEmulatorSettings
from devstack.emulators.identity.tokens import TokenIssuer
from devstack.emulators.responses import ErrorAnswer
from devstack.emulators.server import open_redis
from devstack.seed.people import DemoUser

__all__ = ["IdentityEmulatorSettings", "create_app"]


def create_app(
    settings: IdentityEmulatorSettings,
    *,
    engine: AsyncEngine | None = None,
    approval: Approval | None = None,
    people: Iterable[DemoUser] = (),
    clock: Clock | None = None,
) -> Quart:
    """The service with its tables and `people`; the caller closes an `engine` of its own."""
    app = Quart(SERVICE)
    clock, approval = clock or SystemClock(), approval or Approval()
    database = engine or open_engine(settings.database_url)
    redis = open_redis(settings.redis_url, 0.5) if settings.redis_url else None
    limit = LoginLimit(settings.login_limit, clock.monotonic, redis)
    issuer = TokenIssuer(settings, clock.now)
    app.extensions[EXTENSION] = Identity(settings, database, issuer, limit, approval, clock)
    app.before_request(set_request_ids)
    app.after_request(add_trace_headers)
    app.register_error_handler(ErrorAnswer, answer_error)
    for module in (system, sign_in, sessions, accounts, profiles):
        app.register_blueprint(module.routes)
    approval.mount(app, database)

    @app.while_serving
    async def lifespan() -> AsyncGenerator[None, None]:
        await create_tables(database)
        await approval.start(database)
        try:
            await seed_people(database, people, approval)
            yield
        finally:
            await approval.stop()
            await limit.close()
            if engine is None:
                await database.dispose()

    return app
