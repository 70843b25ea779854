"""The audit as it is read: a page, one entry, or all of it at one moment."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.config_service.chain import Entry, Head
from services.config_service.implementations.database import Database
from services.config_service.implementations.tables import audit, head
from services.config_service.ports import AuditFilter

STRIDE = 200
"""Entries fetched at once; each may hold half a MiB."""


class SqlAudit:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def entries(self, chosen: AuditFilter, *, limit: int) -> Sequence[Entry]:
        query = select(audit).order_by(audit.c.sequence.desc()).limit(limit)
        if chosen.namespace is not None:
            query = query.where(audit.c.namespace == chosen.namespace)
        if chosen.actor is not None:
            query = query.where(audit.c.actor == chosen.actor)
        if chosen.since is not None:
            query = query.where(audit.c.at >= chosen.since)
        if chosen.before is not None:
            query = query.where(audit.c.sequence < chosen.before)
        found = (await self._database.read(lambda connection: connection.execute(query))).all()
        return [_entry(row) for row in found]

    async def entry(self, sequence: int) -> Entry | None:
        query = select(audit).where(audit.c.sequence == sequence)
        row = (await self._database.read(lambda connection: connection.execute(query))).first()
        return _entry(row) if row else None

    @asynccontextmanager
    async def walk(self) -> AsyncIterator[tuple[AsyncIterator[Entry], Head | None]]:
        async with self._database.frozen() as connection:
            row = (await connection.execute(select(head))).first()
            yield _all(connection), Head(row.sequence, row.mac) if row else None


async def _all(connection: AsyncConnection) -> AsyncIterator[Entry]:
    query = select(audit).order_by(audit.c.sequence).limit(STRIDE)
    rows = (await connection.execute(query)).all()
    while rows:
        for row in rows:
            yield _entry(row)
        following = query.where(audit.c.sequence > rows[-1].sequence)
        rows = (await connection.execute(following)).all()


def _entry(row: Row[Any]) -> Entry:
    return Entry(**row._mapping)  # noqa: SLF001 - the library's public name
