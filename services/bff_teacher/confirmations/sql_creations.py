"""The ledger of created batches in a database."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bff_core.clock import to_wire
from bff_core.context import UserId
from services.bff_teacher.confirmations.creation import Creation, CreationOutcome
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.tables import creations, titles

LATEST = 100


class SqlCreations:
    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    async def find(self, user_id: UserId, key: str) -> Creation | None:
        query = select(creations).where(
            creations.c.user_id == user_id, creations.c.idempotency_key == key
        )
        self._database.require_share(user_id)
        (rows,) = await self._database.read(user_id, query)
        return _creation(rows[0]) if rows else None

    async def begin(self, creation: Creation) -> bool:
        try:
            async with self._database.transaction(creation.user_id) as connection:
                await connection.execute(insert(creations).values(_values(creation)))
        except IntegrityError:
            return False
        return True

    async def advance(self, before: Creation, after: Creation) -> bool:
        change = (
            update(creations)
            .where(
                creations.c.user_id == before.user_id,
                creations.c.idempotency_key == before.key,
                creations.c.outcome == before.outcome.value,
                creations.c.started_at == to_wire(before.started_at),
            )
            .values(_values(after))
        )
        async with self._database.transaction(before.user_id) as connection:
            changed = (await connection.execute(change)).rowcount > 0
            if changed and after.batch_id and after.title:
                await _give_title(connection, after, after.batch_id)
        return changed

    async def latest(self, user_id: UserId) -> list[Creation]:
        query = (
            select(creations)
            .where(creations.c.user_id == user_id)
            .order_by(creations.c.started_at.desc())
            .limit(LATEST)
        )
        (rows,) = await self._database.read(user_id, query)
        return [_creation(row) for row in rows]


async def _give_title(connection: AsyncConnection, creation: Creation, batch_id: str) -> None:
    """Store the first title, unless the batch has had one."""
    query = select(titles.c.version).where(titles.c.batch_id == batch_id)
    if (await connection.execute(query)).first() is None:
        values = {
            "batch_id": batch_id,
            "user_id": creation.user_id,
            "title": creation.title,
            "version": 1,
            "updated_at": to_wire(creation.ended_at or creation.started_at),
        }
        await connection.execute(insert(titles).values(values))


def _values(creation: Creation) -> Mapping[str, Any]:
    values = asdict(creation)
    values["idempotency_key"] = values.pop("key")
    values["outcome"] = creation.outcome.value
    values["started_at"] = to_wire(creation.started_at)
    values["ended_at"] = to_wire(creation.ended_at) if creation.ended_at else None
    return values


def _creation(row: Row[Any]) -> Creation:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    values["key"] = values.pop("idempotency_key")
    values["user_id"] = UserId(values["user_id"])
    values["outcome"] = CreationOutcome(values["outcome"])
    values["started_at"] = datetime.fromisoformat(values["started_at"])
    values["ended_at"] = datetime.fromisoformat(values["ended_at"]) if values["ended_at"] else None
    return Creation(**values)
