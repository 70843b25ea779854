"""What a failing database means to a caller: 503, and a word on why."""

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bff_core.errors import Unavailable

# asyncpg's own come through bare while a connection is being made.
FAILURES = (
    DBAPIError,
    PoolTimeout,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
READ_ONLY = "storage_read_only"
TRY_AGAIN = 1.0
"""Seconds."""

_BY_SQLITE: Mapping[int, str] = MappingProxyType(
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
        "storage_busy": "The settings are being written to by somebody else",
    }
)


def unavailable(error: BaseException) -> Unavailable:
    """Never the driver's own text: it may hold values or addresses."""
    reason = _reason(error)
    return Unavailable(
        _MESSAGES.get(reason, "The settings' database does not answer"),
        details={"reason": reason},
        fields={"error": type(error).__name__},
        retry_after=TRY_AGAIN,
    )


def _reason(error: BaseException) -> str:
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(error, PoolTimeout):
        return "storage_busy"
    if isinstance(origin, sqlite3.Error):
        code = getattr(origin, "sqlite_errorcode", None) or 0
        # The low byte is the kind, the rest says more than we need.
        return _BY_SQLITE.get(code & 0xFF, "storage_unavailable")
    state = getattr(origin, "sqlstate", None)
    return _BY_SQLSTATE.get(str(state), "storage_unavailable")
