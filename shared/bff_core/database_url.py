"""Database URLs as providers deliver them, made ready for SQLAlchemy and its asynchronous drivers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}
SSL_MODES = frozenset({"disable", "allow", "prefer", "require", "verify-ca", "verify-full"})
DRIVER_OPTIONS = frozenset(
    {"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "target_session_attrs"}
)
OURS = frozenset({"connect_timeout", "application_name"})
"""Options that the services set themselves."""


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    """`url` names the driver and has no options; `connect_args` are those of asyncpg."""

    url: URL
    connect_args: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def replica_faults(self, replicas: int, variable: str) -> list[str]:
        """The fault of several replicas whose database is a file of one machine."""
        fault = f"{variable} is SQLite, and REPLICAS={replicas} needs one PostgreSQL for all"
        return [fault] if self.is_sqlite and replicas > 1 else []

    @classmethod
    def parse(cls, given: str) -> "DatabaseUrl":
        """Read a URL.

        Raises:
            ValueError: No driver could use it; the reason shows no part of it.
        """
        scheme, separator, rest = given.partition("://")
        driver = DRIVERS.get(scheme.partition("+")[0])
        if driver is None or not separator or not given.isprintable():
            raise ValueError("must be sqlite:///FILE or postgresql://USER@HOST/DATABASE")
        try:
            url = make_url(f"{driver}://{rest}")
        except (ArgumentError, ValueError):
            raise ValueError("cannot be read as the URL of a database") from None
        if url.get_backend_name() == "sqlite":
            return cls(url)
        if "@" in (url.host or "") or "@" in (url.database or "") or "#" in (url.database or ""):
            raise ValueError("special characters of the password must be percent-encoded")
        return cls(url.set(query={}), _connect_args(url))


def _connect_args(url: URL) -> dict[str, Any]:
    options = {name: value for name, value in url.query.items() if name not in OURS}
    if options.pop("channel_binding", "prefer") == "require":
        raise ValueError("channel_binding=require is not supported by the driver")
    if "ssl" in options:
        options.setdefault("sslmode", options.pop("ssl"))
    if options.get("sslmode", "prefer") not in SSL_MODES:
        raise ValueError(f"sslmode must be one of {', '.join(sorted(SSL_MODES))}")
    if options.keys() - DRIVER_OPTIONS:
        # Names only: a raw `?` in a password makes an option of its rest.
        raise ValueError("has options that the driver does not know; encode a `?` of the password")
    # In a URL, because asyncpg takes the files in no other way.
    return {"dsn": str(URL.create("postgresql", query=options))} if options else {}


def driver_error(error: BaseException) -> str:
    """The class of the driver's own error, which tells a wrong password from a missing right."""
    if not isinstance(error, DBAPIError):
        return type(error).__name__
    return type(getattr(error.orig, "__cause__", None) or error.orig).__name__


def unnamed_statements() -> dict[str, Any]:
    """Arguments of asyncpg with which it works behind a pool of transactions, such as PgBouncer's.

    A named statement would be looked for on the connection of another transaction.
    """
    return {
        "statement_cache_size": 0,
        "prepared_statement_cache_size": 0,
        "prepared_statement_name_func": lambda: "",
    }


def set_in_transactions(engine: AsyncEngine, settings: Mapping[str, str]) -> None:
    """Apply server settings to each transaction; a pool refuses them when a connection starts.

    A connection that commits each statement by itself has no transaction to apply them to.
    """
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in settings.items())
    statement = f"SELECT {calls}"

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Any) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql(statement)
