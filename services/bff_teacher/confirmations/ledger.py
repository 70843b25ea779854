"""The durable ledger of confirmations: an intent before the call, its result after."""

import json
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from bff_core.clock import to_wire
from bff_core.context import UserId
from services.bff_teacher.implementations.ledger_database import LedgerDatabase, attempts
from services.bff_teacher.protocols import Attempt, Outcome


def count_of_confirmations(registry: CollectorRegistry) -> Counter:
    """A scrape sees each outcome from the start: what appears at 1 never rose, to Prometheus."""
    count = Counter(
        "bff_teacher_confirmations_total",
        "Confirmations begun and, by how they ended, over.",
        ("outcome",),
        registry=registry,
    )
    for outcome in Outcome:
        count.labels(outcome.value)
    return count


class SqlConfirmations:
    def __init__(self, database: LedgerDatabase, count: Counter | None = None) -> None:
        self._database = database
        self._count = count

    async def latest(self, batch_id: str) -> Attempt | None:
        query = (
            select(attempts)
            .where(attempts.c.batch_id == batch_id)
            .order_by(attempts.c.number.desc())
            .limit(1)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).first()
        return _attempt(row) if row else None

    async def begin(self, attempt: Attempt) -> bool:
        try:
            async with self._database.transaction() as connection:
                await connection.execute(insert(attempts).values(_values(attempt)))
        except IntegrityError:
            return False
        self._counted(attempt.outcome)
        return True

    async def end(self, attempt: Attempt, outcome: Outcome, at: datetime) -> Attempt:
        change = (
            update(attempts)
            .where(attempts.c.batch_id == attempt.batch_id, attempts.c.number == attempt.number)
            .values(outcome=outcome.value, ended_at=to_wire(at))
            .returning(*attempts.c)
        )
        async with self._database.transaction() as connection:
            ended = _attempt((await connection.execute(change)).one())
        self._counted(outcome)
        return ended

    def _counted(self, outcome: Outcome) -> None:
        if self._count is not None:
            self._count.labels(outcome.value).inc()


def _values(attempt: Attempt) -> dict[str, object]:
    return {
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
        outcome=Outcome(row.outcome),
        ended_at=datetime.fromisoformat(row.ended_at) if row.ended_at else None,
    )
