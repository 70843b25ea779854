"""Dependency providers."""

from dishka import (
    STRICT_VALIDATION,
    AsyncContainer,
    Provider,
    Scope,
    from_context,
    make_async_container,
    provide,
)

from bff_core.clock import Clock, SystemClock
from bff_core.server import ContextProvider
from services.config_service.chain import Seal
from services.config_service.domain_handlers.audit import AuditHandler
from services.config_service.domain_handlers.changes import ChangeHandler
from services.config_service.domain_handlers.settings import SettingsHandler
from services.config_service.implementations.database import SqlDatabase
from services.config_service.implementations.history import SqlAuditLog, SqlSettingsHistory
from services.config_service.namespaces import Namespaces
from services.config_service.ports import AuditLog, ChangeFeed, SettingsHistory


class ConfigServiceProvider(Provider):
    """Adapters and handlers; the app opens and closes the connections."""

    scope = Scope.APP

    database = from_context(SqlDatabase)
    seal = from_context(Seal)
    namespaces = from_context(Namespaces)
    change_feed = from_context(ChangeFeed)
    clock = provide(SystemClock, provides=Clock)
    history = provide(SqlSettingsHistory, provides=SettingsHistory)
    audit_log = provide(SqlAuditLog, provides=AuditLog)
    settings_handler = provide(SettingsHandler)
    change_handler = provide(ChangeHandler)
    audit_handler = provide(AuditHandler)


def make_container(
    database: SqlDatabase, seal: Seal, namespaces: Namespaces, feed: ChangeFeed, *others: Provider
) -> AsyncContainer:
    """Make the container of one app; `others` add request data, or override on purpose."""
    return make_async_container(
        ConfigServiceProvider(),
        ContextProvider(),
        *others,
        context={
            SqlDatabase: database,
            Seal: seal,
            Namespaces: namespaces,
            ChangeFeed: feed,
        },
        validation_settings=STRICT_VALIDATION,
    )
