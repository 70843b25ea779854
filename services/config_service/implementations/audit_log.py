"""Reads of the audit table: a page, one entry, or all of it from one snapshot."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.config_service.chain import AuditEntry, ChainHead
from services.config_service.implementations.database import SqlDatabase
from services.config_service.implementations.tables import audit, head
from services.config_service.ports import AuditFilter

ROWS_PER_QUERY = 200
"""Rows in memory during a walk; each may hold half a MiB."""


class SqlAuditLog:
    def __init__(self, database: SqlDatabase) -> None:
        self._database = database

    async def entries(self, selected: AuditFilter, *, limit: int) -> Sequence[AuditEntry]:
        query = select(audit).order_by(audit.c.sequence.desc()).limit(limit)
        if selected.namespace is not None:
            query = query.where(audit.c.namespace == selected.namespace)
        if selected.actor is not None:
            query = query.where(audit.c.actor == selected.actor)
        if selected.since is not None:
            query = query.where(audit.c.at >= selected.since)
        if selected.before is not None:
            query = query.where(audit.c.sequence < selected.before)
        rows = (await self._database.read(lambda connection: connection.execute(query))).all()
        return [_to_entry(row) for row in rows]

    async def entry(self, sequence: int) -> AuditEntry | None:
        query = select(audit).where(audit.c.sequence == sequence)
        row = (await self._database.read(lambda connection: connection.execute(query))).first()
        return _to_entry(row) if row else None

    @asynccontextmanager
    async def walk(self) -> AsyncIterator[tuple[AsyncIterator[AuditEntry], ChainHead | None]]:
        async with self._database.snapshot() as connection:
            row = (await connection.execute(select(head))).first()
            yield _all_entries(connection), ChainHead(row.sequence, row.mac) if row else None


async def _all_entries(connection: AsyncConnection) -> AsyncIterator[AuditEntry]:
    query = select(audit).order_by(audit.c.sequence).limit(ROWS_PER_QUERY)
    rows = (await connection.execute(query)).all()
    while rows:
        for row in rows:
            yield _to_entry(row)
        next_rows = query.where(audit.c.sequence > rows[-1].sequence)
        rows = (await connection.execute(next_rows)).all()


def _to_entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
