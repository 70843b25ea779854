"""Account approval, mounted as docs/platform.md tells the platform to mount it."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dishka import AsyncContainer, Provider, Scope, make_async_container
from quart import Quart
from quart_dishka import QuartDishka
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.clock import Clock
from devstack import tokens
from devstack.emulators.identity.gate import SignInRefusal
from devstack.emulators.identity.settings import IdentitySettings
from services.identity_admin.app import IdentityAdmin
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.migrator import migrate
from services.identity_admin.implementations.registration import (
    add_approved_account,
    add_pending_approval,
)


class Approval:
    """The module itself, and what it is asked at registering, signing in and refreshing."""

    def __init__(
        self, settings: IdentitySettings, environ: Mapping[str, str], clock: Clock | None = None
    ) -> None:
        passed = {name: value for name, value in environ.items() if name.startswith(_PREFIX)}
        named = {**passed, **environment_of(settings, environ)}
        self._admin = IdentityAdmin.from_environ(named, clock=clock)
        self._container: AsyncContainer | None = None

    def mount(self, app: Quart, engine: AsyncEngine) -> None:
        """Before the app starts: its routes, and the container that they ask."""
        own = Provider(scope=Scope.APP)
        own.provide(lambda: engine, provides=AsyncEngine)
        self._container = make_async_container(own, self._admin.provider)
        QuartDishka(app=app, container=self._container)
        app.register_blueprint(self._admin.blueprint)

    async def start(self, engine: AsyncEngine) -> None:
        """Once Identity's own tables are there, and before anybody is in them."""
        await migrate(engine, "up")
        await self._admin.start(self._mounted())

    async def stop(self) -> None:
        await self._admin.stop()
        await self._mounted().close()

    async def refusal(self, user_id: UUID) -> SignInRefusal | None:
        refusal = await (await self._mounted().get(SignInGate)).refusal(user_id)
        if refusal is None:
            return None
        return SignInRefusal(refusal.code, refusal.message, refusal.reason, refusal.status)

    async def registered(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        await add_pending_approval(connection, user_id, at)

    async def admitted(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        await add_approved_account(connection, user_id, at)

    def _mounted(self) -> AsyncContainer:
        if self._container is None:
            raise RuntimeError("mount() comes first")
        return self._container


_PREFIX = "IDENTITY_ADMIN_"
_KEY = "HULEEDU_INTERNAL_API_KEY"


def environment_of(settings: IdentitySettings, environ: Mapping[str, str]) -> dict[str, str]:
    """What a deployment sets for the module, taken from what this emulator signs with."""
    named = {
        "ENVIRONMENT": settings.environment,
        # Without a key nobody gets in, as with the other emulators.
        _KEY: environ.get(_KEY) or secrets.token_urlsafe(32),
        **_token_key(settings),
    }
    return named if settings.redis_url is None else {**named, "REDIS_URL": settings.redis_url}


def _token_key(settings: IdentitySettings) -> dict[str, str]:
    if settings.rs256_key is None:
        return {"JWT_SECRET_KEY": settings.dev_secret}
    public = tokens.read_private_key(settings.rs256_key).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {"JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY": pem.decode()}
