"""From the outbox to the stream: at least once, in order for each person."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import structlog
from sqlalchemy import Select, and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.clock import Clock
from services.identity_admin.implementations.database import FAILURES
from services.identity_admin.implementations.event_rows import TOPICS
from services.identity_admin.implementations.tables import event_outbox

_SECONDS = 10.0
_BATCH = 100
_IDLE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0

log = structlog.get_logger()
_PAUSES = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    event_id: UUID
    topic: str
    key: str
    envelope: dict[str, Any]


class SinkFailed(Exception):
    """The stream did not take the events, or did not say so."""


class Sink(Protocol):
    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        """All of them, in this order.

        Raises:
            SinkFailed: It is not known that all of them are there.
        """
        ...


class Relay:
    """Any number of them may run: an event that one has in hand, no other one takes."""

    def __init__(self, engine: AsyncEngine, sink: Sink, clock: Clock) -> None:
        self._engine = engine
        self._sink = sink
        self._clock = clock

    async def run(self) -> None:
        """Until cancelled. Failures are logged, counted in the rows and tried again."""
        failures = 0
        while True:
            try:
                delivered = await self.deliver()
            except (SinkFailed, TimeoutError, *FAILURES) as error:
                failures += 1
                log.warning("relay_failed", error=type(error).__name__, failures=failures)
                await asyncio.sleep(_pause(failures))
                continue
            failures = 0
            if not delivered:
                await asyncio.sleep(_IDLE_SECONDS)

    async def deliver(self) -> int:
        """Publish what can go now: the oldest event of each person. How many that were.

        A crash between publishing and committing publishes again: consumers know events by id.

        Raises:
            SinkFailed: The stream took nothing, or did not say so; the events stay.
        """
        ids: list[UUID] = []
        try:
            async with asyncio.timeout(_SECONDS), self._engine.begin() as connection:
                ids = await self._free(connection)
                events = await self._claim(connection, ids) if ids else []
                if events:
                    await self._sink.publish(events)
        except SinkFailed as error:
            await self._note_failure(ids, error)
            raise
        return len(events)

    async def _free(self, connection: AsyncConnection) -> list[UUID]:
        return [*(await connection.execute(free_events())).scalars()]

    async def _claim(self, connection: AsyncConnection, ids: list[UUID]) -> list[OutboxEvent]:
        """Ours until the transaction ends; on SQLite this is where the lock is taken."""
        columns = event_outbox.c
        claimed = (
            update(event_outbox)
            .where(columns.id.in_(ids), columns.published_at.is_(None))
            .values(published_at=self._clock.now(), last_error=None)
            .returning(columns.id, columns.topic, columns.event_key, columns.event_data)
        )
        rows = (await connection.execute(claimed)).all()
        return [OutboxEvent(row[0], row[1], row[2], row[3]) for row in rows]

    async def _note_failure(self, ids: list[UUID], error: SinkFailed) -> None:
        columns = event_outbox.c
        noted = update(event_outbox).where(columns.id.in_(ids), columns.published_at.is_(None))
        cause = type(error.__cause__ or error).__name__
        values = {"retry_count": columns.retry_count + 1, "last_error": cause}
        async with asyncio.timeout(_SECONDS), self._engine.begin() as connection:
            await connection.execute(noted.values(values))


def free_events() -> Select[Any]:
    """The oldest unpublished event of each person, but for those in another relay's hands.

    A younger event is never free while an older one of the same person waits or is in hand: that
    keeps the order.
    """
    columns, older = event_outbox.c, event_outbox.alias("older")
    before_it = exists().where(
        and_(
            older.c.aggregate_type == columns.aggregate_type,
            older.c.aggregate_id == columns.aggregate_id,
            older.c.topic.in_(TOPICS),
            older.c.published_at.is_(None),
            older.c.created_at < columns.created_at,
        )
    )
    return (
        select(columns.id)
        .where(columns.published_at.is_(None), columns.topic.in_(TOPICS), ~before_it)
        .order_by(columns.created_at)
        .limit(_BATCH)
        .with_for_update(skip_locked=True, of=event_outbox)
    )


def _pause(failures: int) -> float:
    longest = min(_LONGEST_PAUSE_SECONDS, 0.25 * 2.0 ** min(failures, 10))
    return longest * _PAUSES.uniform(0.5, 1.0)
