"""Dependency providers."""

from dishka import STRICT_VALIDATION, AsyncContainer, Provider, Scope, make_async_container, provide

from bff_core.clock import Clock, SystemClock
from bff_core.server import ContextProvider
from services.config_service.chain import Seal
from services.config_service.domain_handlers.audit import AuditHandler
from services.config_service.domain_handlers.changes import ChangeHandler
from services.config_service.domain_handlers.settings import SettingsHandler
from services.config_service.implementations.audit_log import SqlAuditLog
from services.config_service.implementations.change_feed import NullChangeFeed, RedisChangeFeed
from services.config_service.implementations.database import SqlDatabase
from services.config_service.implementations.history import SqlSettingsHistory
from services.config_service.namespaces import Namespaces
from services.config_service.ports import AuditLog, ChangeFeed, SettingsHistory


class ConfigServiceProvider(Provider):
    """Adapters and handlers; the app opens and closes the connections."""

    scope = Scope.APP

    clock = provide(SystemClock, provides=Clock)
    history = provide(SqlSettingsHistory, provides=SettingsHistory)
    audit_log = provide(SqlAuditLog, provides=AuditLog)
    settings_handler = provide(SettingsHandler)
    change_handler = provide(ChangeHandler)
    audit_handler = provide(AuditHandler)

    def __init__(
        self,
        database: SqlDatabase,
        seal: Seal,
        namespaces: Namespaces,
        redis: RedisChangeFeed | None,
    ) -> None:
        super().__init__()
        self._database = database
        self._seal = seal
        self._namespaces = namespaces
        self._redis = redis

    @provide
    def database(self) -> SqlDatabase:
        return self._database

    @provide
    def seal(self) -> Seal:
        return self._seal

    @provide
    def namespaces(self) -> Namespaces:
        return self._namespaces

    @provide
    def change_feed(self) -> ChangeFeed:
        return self._redis or NullChangeFeed()


def make_container(provider: ConfigServiceProvider, *others: Provider) -> AsyncContainer:
    """Make the container of one app; `others` add request data, or override on purpose."""
    return make_async_container(
        provider, ContextProvider(), *others, validation_settings=STRICT_VALIDATION
    )
