"""Access to the seeded database: short statements in a thread, one connection for each."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar, cast

from quart import current_app

# Longer than any write of an emulator or the scenario.
_BUSY_SECONDS = 2.0

T = TypeVar("T")
Row = dict[str, Any]


class SeededDatabase:
    """Opens the file for each use, so that a new seed under a running emulator shows at once.

    Every method raises `sqlite3.Error` when the file is missing or locked, or a statement fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def fetch_one(self, query: str, *parameters: object) -> Row | None:
        return await self.run(lambda connection: fetch_one(connection, query, *parameters))

    async def fetch_all(self, query: str, *parameters: object) -> list[Row]:
        return await self.run(lambda connection: fetch_all(connection, query, *parameters))

    async def execute(self, statement: str, *parameters: object) -> int:
        """The number of rows that the statement changed."""
        require_postgres_values(parameters)
        return await self.run(lambda connection: connection.execute(statement, parameters).rowcount)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """One transaction: committed when `work` returns, rolled back when it raises."""

        def in_thread() -> T:
            address = f"{self._path.absolute().as_uri()}?mode=rw"
            with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA foreign_keys = ON")
                with connection:
                    return work(connection)

        return await asyncio.to_thread(in_thread)

    async def is_available(self) -> bool:
        try:
            await self.fetch_all("SELECT 1 FROM batches LIMIT 1")
        except sqlite3.Error:
            return False
        return True


def require_postgres_values(parameters: Iterable[object]) -> None:
    """Refuse the values that PostgreSQL refuses and SQLite takes.

    Raises:
        sqlite3.DataError: A text with a NUL in it, or a number beyond 32 bits.
    """
    for value in parameters:
        if (isinstance(value, str) and "\0" in value) or (
            isinstance(value, int) and not -(2**31) <= value < 2**31
        ):
            raise sqlite3.DataError("PostgreSQL refuses the value")


def fetch_all(connection: sqlite3.Connection, query: str, *parameters: object) -> list[Row]:
    require_postgres_values(parameters)
    return [dict(row) for row in connection.execute(query, parameters)]


def fetch_one(connection: sqlite3.Connection, query: str, *parameters: object) -> Row | None:
    return next(iter(fetch_all(connection, query, *parameters)), None)


def insert_row(connection: sqlite3.Connection, table: str, row: Row) -> None:
    require_postgres_values(row.values())
    names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", row)  # noqa: S608 - fixed names


def database() -> SeededDatabase:
    """The database of the app behind the current request."""
    return cast("SeededDatabase", current_app.extensions["database"])
