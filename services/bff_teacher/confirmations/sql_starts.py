"""The ledger of starts in a database."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from bff_core.clock import to_wire
from bff_core.context import UserId
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.start import KnownStarts, Start, StartOutcome
from services.bff_teacher.confirmations.tables import starts


class SqlStarts:
    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    async def known(self, batch_id: str, caller: UserId, key: str) -> KnownStarts:
        of_batch = (
            select(starts).where(starts.c.batch_id == batch_id).order_by(starts.c.number.desc())
        ).limit(1)
        with_key = of_batch.where(starts.c.user_id == caller, starts.c.idempotency_key == key)
        self._database.require_share(caller)
        latest, own = await self._database.read(caller, of_batch, with_key)
        return KnownStarts(_start(latest[0]) if latest else None, _start(own[0]) if own else None)

    async def begin(self, start: Start) -> bool:
        try:
            async with self._database.transaction(start.user_id) as connection:
                await connection.execute(insert(starts).values(_values(start)))
        except IntegrityError:
            return False
        return True

    async def end(
        self, start: Start, outcome: StartOutcome, denial: str | None, at: datetime
    ) -> Start:
        change = (
            update(starts)
            .where(starts.c.batch_id == start.batch_id, starts.c.number == start.number)
            .values(outcome=outcome.value, denial=denial, ended_at=to_wire(at))
        )
        async with self._database.transaction(start.user_id) as connection:
            await connection.execute(change)
        return replace(start, outcome=outcome, denial=denial, ended_at=at)


def _values(start: Start) -> Mapping[str, Any]:
    values = asdict(start)
    values["idempotency_key"] = values.pop("key")
    values["outcome"] = start.outcome.value
    values["started_at"] = to_wire(start.started_at)
    values["ended_at"] = to_wire(start.ended_at) if start.ended_at else None
    return values


def _start(row: Row[Any]) -> Start:
    return Start(
        batch_id=row.batch_id,
        number=row.number,
        user_id=UserId(row.user_id),
        key=row.idempotency_key,
        kind=row.kind,
        phase=row.phase,
        reason=row.reason,
        started_at=datetime.fromisoformat(row.started_at),
        outcome=StartOutcome(row.outcome),
        denial=row.denial,
        ended_at=datetime.fromisoformat(row.ended_at) if row.ended_at else None,
    )
