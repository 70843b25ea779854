"""The audit table in SQL: one row for each change, read as the settings' history and as the audit."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    Integer,
    Row,
    Select,
    Text,
    column,
    delete,
    func,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bff_core.clock import Clock, to_wire
from bff_core.errors import Unavailable
from services.config_service.chain import GENESIS, AuditEntry, ChainHead, Seal
from services.config_service.implementations.database import SqlDatabase
from services.config_service.ports import (
    AuditFilter,
    IdempotentResponse,
    Revision,
    WriteTransaction,
)

audit = table(
    "config_audit",
    column("sequence", BigInteger),
    *(column(name, Text) for name in ("at", "actor", "service", "correlation_id", "namespace")),
    column("version_before", Integer),
    column("version_after", Integer),
    *(column(name, Text) for name in ("before", "after", "reason", "prev_mac", "mac")),
)
head = table(
    "config_audit_head", column("id", Integer), column("sequence", BigInteger), column("mac", Text)
)
idempotency = table(
    "config_idempotency_keys",
    *(column(name, Text) for name in ("actor", "key", "fingerprint", "body", "etag", "created_at")),
)

T = TypeVar("T")

RESPONSE_LIFETIME = timedelta(hours=24)
ROWS_PER_QUERY = 200
"""Rows in memory during a walk; each may hold half a MiB."""

_REVISIONS: Select[Any] = select(
    audit.c.namespace,
    audit.c.version_after,
    audit.c.after,
    audit.c.at,
    audit.c.actor,
    audit.c.reason,
)


class SqlSettingsHistory:
    def __init__(self, database: SqlDatabase, seal: Seal, clock: Clock) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock

    async def latest(self, namespace: str) -> Revision | None:
        return await self._database.read(lambda connection: _find(connection, namespace))

    async def revision(self, namespace: str, version: int) -> Revision | None:
        return await self._database.read(lambda connection: _find(connection, namespace, version))

    async def current(self) -> Mapping[str, Revision]:
        newest = (
            select(audit.c.namespace, func.max(audit.c.version_after).label("version"))
            .group_by(audit.c.namespace)
            .subquery()
        )
        query = _REVISIONS.join(
            newest,
            (audit.c.namespace == newest.c.namespace) & (audit.c.version_after == newest.c.version),
        )
        rows = (await self._database.read(lambda connection: connection.execute(query))).all()
        return {row.namespace: _to_revision(row) for row in rows}

    async def revisions(
        self, namespace: str, *, limit: int, before: int | None
    ) -> Sequence[Revision]:
        query = (
            _REVISIONS.where(audit.c.namespace == namespace)
            .order_by(audit.c.version_after.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(audit.c.version_after < before)
        rows = (await self._database.read(lambda connection: connection.execute(query))).all()
        return [_to_revision(row) for row in rows]

    async def run_in_transaction(self, work: Callable[[WriteTransaction], Awaitable[T]]) -> T:
        async def run(connection: AsyncConnection) -> T:
            # Every write locks the head first, so that writes run one after another.
            row = (await connection.execute(select(head).with_for_update())).first()
            if row is None:
                raise _chain_broken("head_missing")
            chain_head = ChainHead(row.sequence, row.mac)
            return await work(SqlWriteTransaction(connection, self._seal, self._clock, chain_head))

        return await self._database.write(run)


class SqlWriteTransaction:
    """One transaction that holds the lock on the head of the chain."""

    def __init__(
        self, connection: AsyncConnection, seal: Seal, clock: Clock, chain_head: ChainHead
    ) -> None:
        self._connection = connection
        self._seal = seal
        self._clock = clock
        self._head = chain_head

    async def latest(self, namespace: str) -> Revision | None:
        return await _find(self._connection, namespace)

    async def revision(self, namespace: str, version: int) -> Revision | None:
        return await _find(self._connection, namespace, version)

    async def append(self, change: AuditEntry) -> Revision:
        await self._check_head()
        entry = self._seal.extend(self._head, replace(change, at=to_wire(self._clock.now())))
        await self._connection.execute(insert(audit).values(asdict(entry)))
        await self._connection.execute(
            update(head).values(sequence=entry.sequence, mac=entry.mac).where(head.c.id == 1)
        )
        self._head = ChainHead(entry.sequence, entry.mac)
        return _to_revision(entry)

    async def stored_response(self, actor: str, key: str) -> IdempotentResponse | None:
        oldest = to_wire(self._clock.now() - RESPONSE_LIFETIME)
        await self._connection.execute(
            delete(idempotency).where(idempotency.c.created_at <= oldest)
        )
        query = select(idempotency).where(
            (idempotency.c.actor == actor) & (idempotency.c.key == key)
        )
        row = (await self._connection.execute(query)).first()
        return IdempotentResponse(row.fingerprint, row.body, row.etag) if row else None

    async def store_response(self, actor: str, key: str, response: IdempotentResponse) -> None:
        await self._connection.execute(
            insert(idempotency).values(
                actor=actor,
                key=key,
                fingerprint=response.fingerprint,
                body=response.body,
                etag=response.etag,
                created_at=to_wire(self._clock.now()),
            )
        )

    async def _check_head(self) -> None:
        """Refuse to extend a chain whose last entry this service's key has not sealed."""
        newest = select(audit).order_by(audit.c.sequence.desc()).limit(1)
        row = (await self._connection.execute(newest)).first()
        last = _to_entry(row) if row else None
        found = ChainHead(last.sequence, last.mac) if last else ChainHead(0, GENESIS)
        if found != self._head or (last and not self._seal.verify(last)):
            raise _chain_broken("audit_broken")


def _chain_broken(reason: str) -> Unavailable:
    return Unavailable(
        "The last entry of the audit was not sealed by this service; writes are refused until an"
        " operator has checked the audit",
        details={"reason": reason},
    )


async def _find(
    connection: AsyncConnection, namespace: str, version: int | None = None
) -> Revision | None:
    """The revision of that version; the latest without one."""
    query = _REVISIONS.where(audit.c.namespace == namespace)
    if version is None:
        query = query.order_by(audit.c.version_after.desc()).limit(1)
    else:
        query = query.where(audit.c.version_after == version)
    row = (await connection.execute(query)).first()
    return _to_revision(row) if row else None


def _to_revision(row: Row[Any] | AuditEntry) -> Revision:
    return Revision(
        namespace=row.namespace,
        version=row.version_after,
        values=json.loads(row.after),
        updated_at=row.at,
        updated_by=row.actor,
        reason=row.reason,
    )


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
