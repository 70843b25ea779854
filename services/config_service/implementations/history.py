"""Settings in SQL. The audit is the history: a change and its entry are the same row."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bff_core.clock import Clock, to_wire
from bff_core.errors import Unavailable
from services.config_service.chain import GENESIS, Entry, Head, Seal
from services.config_service.implementations.database import Database
from services.config_service.implementations.tables import audit, head, idempotency
from services.config_service.ports import Draft, Remembered, Revision, Writing
from services.config_service.values import canonical

T = TypeVar("T")

REMEMBERED_FOR = timedelta(hours=24)

_REVISION = (
    audit.c.namespace,
    audit.c.version_after,
    audit.c.after,
    audit.c.at,
    audit.c.actor,
    audit.c.reason,
)


class SqlHistory:
    def __init__(self, database: Database, seal: Seal, clock: Clock) -> None:
        self._database = database
        self._seal = seal
        self._clock = clock

    async def latest(self, namespace: str) -> Revision | None:
        return await self._database.read(lambda connection: _one(connection, _latest(namespace)))

    async def revision(self, namespace: str, version: int) -> Revision | None:
        query = _at(namespace, version)
        return await self._database.read(lambda connection: _one(connection, query))

    async def current(self) -> Mapping[str, Revision]:
        newest = (
            select(audit.c.namespace, func.max(audit.c.version_after).label("version"))
            .group_by(audit.c.namespace)
            .subquery()
        )
        rows = _revisions().join(
            newest,
            (audit.c.namespace == newest.c.namespace) & (audit.c.version_after == newest.c.version),
        )
        found = (await self._database.read(lambda connection: connection.execute(rows))).all()
        return {row.namespace: _revision(row) for row in found}

    async def revisions(
        self, namespace: str, *, limit: int, before: int | None
    ) -> Sequence[Revision]:
        rows = (
            _revisions()
            .where(audit.c.namespace == namespace)
            .order_by(audit.c.version_after.desc())
            .limit(limit)
        )
        if before is not None:
            rows = rows.where(audit.c.version_after < before)
        found = (await self._database.read(lambda connection: connection.execute(rows))).all()
        return [_revision(row) for row in found]

    async def write(self, work: Callable[[Writing], Awaitable[T]]) -> T:
        async def held(connection: AsyncConnection) -> T:
            # Every write takes the head first, so that writers stand in one line.
            end = (await connection.execute(select(head).with_for_update())).first()
            if end is None:
                raise _broken("head_missing")
            found = Head(end.sequence, end.mac)
            return await work(SqlWriting(connection, self._seal, self._clock, found))

        return await self._database.write(held)


class SqlWriting:
    """One transaction that holds the head of the chain."""

    def __init__(self, connection: AsyncConnection, seal: Seal, clock: Clock, end: Head) -> None:
        self._connection = connection
        self._seal = seal
        self._clock = clock
        self._end = end

    async def latest(self, namespace: str) -> Revision | None:
        return await _one(self._connection, _latest(namespace))

    async def revision(self, namespace: str, version: int) -> Revision | None:
        return await _one(self._connection, _at(namespace, version))

    async def append(self, draft: Draft) -> Revision:
        await self._require_end()
        entry = self._seal.seal(self._entry(draft), self._end)
        values = {column.name: getattr(entry, column.name) for column in audit.columns}
        await self._connection.execute(insert(audit).values(values))
        await self._connection.execute(
            update(head).values(sequence=entry.sequence, mac=entry.mac).where(head.c.id == 1)
        )
        self._end = Head(entry.sequence, entry.mac)
        return Revision(
            namespace=entry.namespace,
            version=entry.version_after,
            values=draft.after,
            updated_at=entry.at,
            updated_by=entry.actor,
            reason=entry.reason,
        )

    async def _require_end(self) -> None:
        """A chain is not continued on an end that we did not seal: another key, or a stranger."""
        newest = select(audit).order_by(audit.c.sequence.desc()).limit(1)
        row = (await self._connection.execute(newest)).first()
        last = Entry(**row._mapping) if row else None  # noqa: SLF001 - the library's public name
        found = Head(last.sequence, last.mac) if last else Head(0, GENESIS)
        if found != self._end or (last and not self._seal.fits(last)):
            raise _broken("audit_broken")

    def _entry(self, draft: Draft) -> Entry:
        return Entry(
            sequence=0,
            at=to_wire(self._clock.now()),
            actor=draft.actor,
            service=draft.service,
            correlation_id=draft.correlation_id,
            namespace=draft.namespace,
            version_before=draft.version_before,
            version_after=draft.version_before + 1,
            before=canonical(draft.before),
            after=canonical(draft.after),
            reason=draft.reason,
        )

    async def remembered(self, actor: str, key: str) -> Remembered | None:
        oldest = to_wire(self._clock.now() - REMEMBERED_FOR)
        await self._connection.execute(
            delete(idempotency).where(idempotency.c.created_at <= oldest)
        )
        row = (
            await self._connection.execute(
                select(idempotency).where(
                    (idempotency.c.actor == actor) & (idempotency.c.key == key)
                )
            )
        ).first()
        return Remembered(row.fingerprint, row.body, row.etag) if row else None

    async def remember(self, actor: str, key: str, answer: Remembered) -> None:
        await self._connection.execute(
            insert(idempotency).values(
                actor=actor,
                key=key,
                fingerprint=answer.fingerprint,
                body=answer.body,
                etag=answer.etag,
                created_at=to_wire(self._clock.now()),
            )
        )


def _broken(reason: str) -> Unavailable:
    return Unavailable(
        "The audit's chain does not end as this service has sealed it; nothing is written until"
        " an operator has looked",
        details={"reason": reason},
    )


def _revisions() -> Select[Any]:
    return select(*_REVISION)


def _latest(namespace: str) -> Select[Any]:
    return (
        _revisions()
        .where(audit.c.namespace == namespace)
        .order_by(audit.c.version_after.desc())
        .limit(1)
    )


def _at(namespace: str, version: int) -> Select[Any]:
    return _revisions().where((audit.c.namespace == namespace) & (audit.c.version_after == version))


async def _one(connection: AsyncConnection, query: Select[Any]) -> Revision | None:
    row = (await connection.execute(query)).first()
    return _revision(row) if row else None


def _revision(row: Row[Any]) -> Revision:
    return Revision(
        namespace=row.namespace,
        version=row.version_after,
        values=json.loads(row.after),
        updated_at=row.at,
        updated_by=row.actor,
        reason=row.reason,
    )
