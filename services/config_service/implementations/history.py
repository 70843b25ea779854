"""The settings' history in SQL; the audit table is the history, one row for each change."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bff_core.clock import Clock, to_wire
from bff_core.errors import Unavailable
from services.config_service.chain import GENESIS, AuditEntry, ChainHead, Seal
from services.config_service.implementations.database import SqlDatabase
from services.config_service.implementations.tables import audit, head, idempotency
from services.config_service.ports import IdempotentResponse, Revision, WriteTransaction

T = TypeVar("T")

RESPONSE_LIFETIME = timedelta(hours=24)

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
        last = AuditEntry(**row._mapping) if row else None  # noqa: SLF001 - SQLAlchemy's public name
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
