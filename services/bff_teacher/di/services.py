"""Providers of the downstream services' clients and of the maintenance switches."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import NewType

from aiohttp import ClientSession
from dishka import Provider, Scope, provide

from bff_core.client import ClientRuntime, ServiceClient, ServiceIdentity, http_session
from bff_core.clock import Clock
from services.bff_teacher.clients.config import ConfigWatcher, HttpSwitches, redis_for_changes
from services.bff_teacher.config import SERVICE_ID, Settings
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.ports.maintenance import Switches

# One client a service, so that its adapters share breaker, bulkhead and retry budget.
Ras = NewType("Ras", ServiceClient)
Cms = NewType("Cms", ServiceClient)
Bos = NewType("Bos", ServiceClient)
FileService = NewType("FileService", ServiceClient)


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
    async def bos(self, session: ClientSession) -> AsyncIterator[Bos]:
        async with aclosing(ServiceClient(session, self._settings.bos, self._runtime)) as bos:
            yield Bos(bos)

    @provide
    async def file_service(self, session: ClientSession) -> AsyncIterator[FileService]:
        rules = self._settings.files
        async with aclosing(ServiceClient(session, rules, self._runtime)) as files:
            yield FileService(files)


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


def open_ledger(settings: Settings) -> LedgerDatabase:
    """The ledger's database, not yet connected."""
    url = settings.ledger_url.get_secret_value()
    return LedgerDatabase(url, timeout=settings.ledger_budget)
