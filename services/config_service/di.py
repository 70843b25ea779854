"""What is made once and handed to whom."""

from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide

from bff_core.clock import Clock, SystemClock
from bff_core.server import ContextProvider
from services.config_service.chain import Seal
from services.config_service.domain_handlers.audit import AuditHandler
from services.config_service.domain_handlers.changes import ChangeHandler
from services.config_service.domain_handlers.settings import SettingsHandler
from services.config_service.implementations.audit_log import SqlAudit
from services.config_service.implementations.change_feed import NullChangeFeed, RedisChangeFeed
from services.config_service.implementations.database import Database
from services.config_service.implementations.history import SqlHistory
from services.config_service.namespaces import Namespaces
from services.config_service.ports import Audit, ChangeFeed, History


class AdapterProvider(Provider):
    """What reaches out; tests replace it. The app opens and closes the connections."""

    scope = Scope.APP

    def __init__(self, database: Database, seal: Seal, redis: RedisChangeFeed | None) -> None:
        super().__init__()
        self._database = database
        self._seal = seal
        self._redis = redis

    @provide
    def database(self) -> Database:
        return self._database

    @provide
    def clock(self) -> Clock:
        return SystemClock()

    @provide
    def seal(self) -> Seal:
        return self._seal

    @provide
    def history(self, database: Database, seal: Seal, clock: Clock) -> History:
        return SqlHistory(database, seal, clock)

    @provide
    def audit(self, database: Database) -> Audit:
        return SqlAudit(database)

    @provide
    def feed(self) -> ChangeFeed:
        return self._redis or NullChangeFeed()


class HandlerProvider(Provider):
    """What decides; the same in tests."""

    scope = Scope.APP

    def __init__(self, namespaces: Namespaces) -> None:
        super().__init__()
        self._namespaces = namespaces

    @provide
    def settings(self, history: History) -> SettingsHandler:
        return SettingsHandler(self._namespaces, history)

    @provide
    def changes(self, history: History, feed: ChangeFeed) -> ChangeHandler:
        return ChangeHandler(self._namespaces, history, feed)

    @provide
    def audit(self, audit: Audit, seal: Seal) -> AuditHandler:
        return AuditHandler(audit, seal)


def make_container(
    adapters: AdapterProvider, namespaces: Namespaces, *others: Provider
) -> AsyncContainer:
    """The container of one app; `others` add what the web knows, or override on purpose."""
    return make_async_container(
        adapters,
        HandlerProvider(namespaces),
        ContextProvider(),
        *others,
        validation_settings=STRICT_VALIDATION,
    )
