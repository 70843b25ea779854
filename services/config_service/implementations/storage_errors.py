"""Translation of database errors into 503 with a reason."""

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bff_core.errors import Unavailable

# SQLAlchemy does not wrap asyncpg's errors while a connection is being made.
STORAGE_ERRORS = (
    DBAPIError,
    PoolTimeout,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
READ_ONLY = "storage_read_only"
RETRY_AFTER_SECONDS = 1.0

_BY_SQLITE_CODE: Mapping[int, str] = MappingProxyType(
    {
        sqlite3.SQLITE_FULL: "storage_full",
        sqlite3.SQLITE_IOERR: "storage_failing",
        sqlite3.SQLITE_READONLY: READ_ONLY,
        sqlite3.SQLITE_BUSY: "storage_busy",
    }
)
_BY_SQLSTATE: Mapping[str, str] = MappingProxyType(
    {
        "53100": "storage_full",
        "25006": READ_ONLY,
        "55P03": "storage_busy",
    }
)
_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "storage_full": "Settings cannot be saved: the disk is full",
        READ_ONLY: "Settings cannot be saved: the database is read-only",
        "storage_failing": "The settings' database cannot use its disk",
        "storage_busy": "Another write of settings is taking too long",
    }
)


def storage_unavailable(error: BaseException) -> Unavailable:
    """Translate an error; the driver's text is left out, as it may hold values or addresses."""
    reason = _reason(error)
    return Unavailable(
        _MESSAGES.get(reason, "The settings' database does not answer"),
        details={"reason": reason},
        fields={"error": type(error).__name__},
        retry_after=RETRY_AFTER_SECONDS,
    )


def _reason(error: BaseException) -> str:
    if isinstance(error, PoolTimeout):
        return "storage_busy"
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        code = getattr(origin, "sqlite_errorcode", None) or 0
        # The low byte of an extended code is its primary code.
        return _BY_SQLITE_CODE.get(code & 0xFF, "storage_unavailable")
    return _BY_SQLSTATE.get(str(getattr(origin, "sqlstate", None)), "storage_unavailable")
