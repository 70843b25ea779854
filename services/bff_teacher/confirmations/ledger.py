"""The ledger in a database: an intent before the call to CMS, its outcome after."""

import json
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from bff_core.clock import to_wire
from bff_core.context import UserId
from services.bff_teacher.confirmations.database import LedgerDatabase
from services.bff_teacher.confirmations.model import Attempt, ConfirmOutcome
from services.bff_teacher.confirmations.tables import attempts


def confirmations_counter(registry: CollectorRegistry) -> Counter:
    """A counter with every outcome at 0, so that Prometheus sees the first one as an increase."""
    counter = Counter(
        "bff_teacher_confirmations_total",
        "Attempts to confirm a batch, counted when they start and by their outcome when they end.",
        ("outcome",),
        registry=registry,
    )
    for outcome in ConfirmOutcome:
        counter.labels(outcome.value)
    return counter


class SqlConfirmations:
    def __init__(self, database: LedgerDatabase, counter: Counter) -> None:
        self._database = database
        self._counter = counter

    async def latest(self, batch_id: str, caller: UserId) -> Attempt | None:
        query = (
            select(attempts)
            .where(attempts.c.batch_id == batch_id)
            .order_by(attempts.c.number.desc())
            .limit(1)
        )
        self._database.require_share(caller)
        (rows,) = await self._database.read(caller, query)
        return _attempt(rows[0]) if rows else None

    async def begin(self, attempt: Attempt) -> bool:
        values = {
            "batch_id": attempt.batch_id,
            "number": attempt.number,
            "user_id": attempt.user_id,
            "decisions": json.dumps(attempt.decisions, separators=(",", ":")),
            "idempotency_key": attempt.key,
            "forced": attempt.forced,
            "started_at": to_wire(attempt.started_at),
            "outcome": attempt.outcome.value,
            "ended_at": to_wire(attempt.ended_at) if attempt.ended_at else None,
        }
        try:
            async with self._database.transaction(attempt.user_id) as connection:
                await connection.execute(insert(attempts).values(values))
        except IntegrityError:
            return False
        self._counter.labels(attempt.outcome.value).inc()
        return True

    async def end(self, attempt: Attempt, outcome: ConfirmOutcome, at: datetime) -> Attempt:
        change = (
            update(attempts)
            .where(attempts.c.batch_id == attempt.batch_id, attempts.c.number == attempt.number)
            .values(outcome=outcome.value, ended_at=to_wire(at))
            .returning(*attempts.c)
        )
        async with self._database.transaction(attempt.user_id) as connection:
            ended = _attempt((await connection.execute(change)).one())
        self._counter.labels(outcome.value).inc()
        return ended


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(
        batch_id=row.batch_id,
        number=row.number,
        user_id=UserId(row.user_id),
        decisions=tuple(
            (essay_id, student_id) for essay_id, student_id in json.loads(row.decisions)
        ),
        key=row.idempotency_key,
        forced=row.forced,
        started_at=datetime.fromisoformat(row.started_at),
        outcome=ConfirmOutcome(row.outcome),
        ended_at=datetime.fromisoformat(row.ended_at) if row.ended_at else None,
    )
