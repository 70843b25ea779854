"""The ledger's database with a count of its reads, which a test may hold up or fail."""

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, Row

from bff_core.errors import Unavailable
from services.bff_teacher.confirmations.database import LedgerDatabase


class CountingDatabase(LedgerDatabase):
    """Answers once `gate` is open."""

    def __init__(self, url: str) -> None:
        super().__init__(url, timeout=5.0)
        self.gate = asyncio.Event()
        self.gate.set()
        self.reads = 0
        self.is_down = False

    async def read(
        self, caller: str, *queries: Executable, **values: object
    ) -> list[Sequence[Row[Any]]]:
        self.reads += 1
        await self.gate.wait()
        if self.is_down:
            raise Unavailable
        return await super().read(caller, *queries, **values)
