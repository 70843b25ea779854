"""Account approval, mounted as docs/platform.md describes it for the platform."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dishka import AsyncContainer, Provider, Scope, make_async_container
from quart import Quart
from quart_dishka import QuartDishka
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from devstack import tokens
from devstack.emulators.identity.service import Approval, Clock
from devstack.emulators.identity.settings import IdentityEmulatorSettings
from devstack.seed.people import UNLIMITED_ROLE
from services.identity_admin.app import IdentityAdmin
from services.identity_admin.implementations.gate import (
    SignInGate,
    SignInRefusal,
    add_approved_account,
    add_pending_approval,
)
from services.identity_admin.implementations.migrator import migrate

_PREFIX = "IDENTITY_ADMIN_"
_KEY = "HULEEDU_INTERNAL_API_KEY"
# Unless set otherwise, the demo's admins see their own school, but for one.
_SCHOOLS = {f"{_PREFIX}SCOPE": "org", f"{_PREFIX}UNLIMITED_ROLE": UNLIMITED_ROLE}


class MountedApproval(Approval):
    """identity_admin inside the emulated Identity."""

    def __init__(
        self,
        settings: IdentityEmulatorSettings,
        environ: Mapping[str, str],
        clock: Clock | None = None,
    ) -> None:
        given = {name: value for name, value in environ.items() if name.startswith(_PREFIX)}
        given = _SCHOOLS | given | _environment(settings, environ)
        self._admin = IdentityAdmin.from_environ(given, clock=clock)
        self._container: AsyncContainer | None = None

    def mount(self, app: Quart, engine: AsyncEngine) -> None:
        provider = Provider(scope=Scope.APP)
        provider.provide(lambda: engine, provides=AsyncEngine)
        self._container = make_async_container(provider, self._admin.provider)
        QuartDishka(app=app, container=self._container)
        app.register_blueprint(self._admin.blueprint)

    async def start(self, engine: AsyncEngine) -> None:
        await migrate(engine, "up")
        await self._admin.start(self._mounted())

    async def stop(self) -> None:
        await self._admin.stop()
        await self._mounted().close()

    async def refusal(self, user_id: UUID) -> SignInRefusal | None:
        return await (await self._mounted().get(SignInGate)).refusal(user_id)

    async def registered(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        await add_pending_approval(connection, user_id, at)

    async def admitted(self, connection: AsyncConnection, user_id: UUID, at: datetime) -> None:
        await add_approved_account(connection, user_id, at)

    def _mounted(self) -> AsyncContainer:
        if self._container is None:
            raise RuntimeError("mount() comes first")
        return self._container


def _environment(settings: IdentityEmulatorSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """The module's variables as a deployment sets them, with the emulator's own keys."""
    given = {
        "ENVIRONMENT": settings.environment,
        # A random key lets no one in, as an empty one does in the other emulators.
        _KEY: environ.get(_KEY) or secrets.token_urlsafe(32),
    }
    if settings.redis_url is not None:
        given["REDIS_URL"] = settings.redis_url
    if settings.rs256_key is None:
        return {**given, "JWT_SECRET_KEY": settings.dev_secret}
    public = tokens.read_private_key(settings.rs256_key).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {**given, "JWT_ALGORITHM": "RS256", "JWT_PUBLIC_KEY": pem.decode()}
