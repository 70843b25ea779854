"""The emulators' door to the seeded database: short statements in a thread, nothing kept open."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

# Longer than any write of ours; a lock that is held longer is an outage.
_BUSY_SECONDS = 2.0

T = TypeVar("T")


class Database:
    """Every use opens the file anew, so that a seed under a running emulator shows at once.

    Raises:
        sqlite3.Error: No database there, it is locked, or the statement fails.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """One transaction: committed when `work` returns, rolled back when it raises."""
        return await asyncio.to_thread(self._run, work)

    async def answers(self) -> bool:
        try:
            await self.run(lambda connection: connection.execute("SELECT 1 FROM batches LIMIT 1"))
        except sqlite3.Error:
            return False
        return True

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with closing(self._connect()) as connection, connection:
            return work(connection)

    def _connect(self) -> sqlite3.Connection:
        address = f"{self._path.absolute().as_uri()}?mode=rw"
        connection = sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        return connection
