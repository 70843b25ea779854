"""Outbox relay: publishes events to a Redis stream at least once, and in order for each user."""

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import structlog
from redis.exceptions import RedisError, ResponseError
from sqlalchemy import Select, and_, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bff_core.cache import RedisClient, drop_connections
from bff_core.clock import Clock
from services.identity_admin.implementations.database import DATABASE_ERRORS
from services.identity_admin.implementations.outbox_events import TOPICS
from services.identity_admin.implementations.tables import event_outbox

_TRANSACTION_SECONDS = 10.0
_BATCH_SIZE = 100
_POLL_SECONDS = 0.5
_MAX_BACKOFF_SECONDS = 30.0

log = structlog.get_logger()
_random = random.SystemRandom()

# One script, where a pipeline of a cluster would start a thread for each entry.
# KEYS: stream. ARGV: its approximate length, then event id, topic, key and event of each entry.
_ADD = """
for at = 2, #ARGV, 4 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'event_id', ARGV[at],
    'topic', ARGV[at + 1], 'key', ARGV[at + 2], 'event', ARGV[at + 3])
end
"""


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    event_id: UUID
    topic: str
    key: str
    envelope: dict[str, Any]


class PublishFailed(Exception):
    """The stream refused the events or did not confirm them."""


class EventPublisher(Protocol):
    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        """Publish all events in this order.

        Raises:
            PublishFailed: Some of the events may be missing from the stream.
        """
        ...


class OutboxRelay:
    """Safe to run in several processes: the events of a batch are locked."""

    def __init__(self, engine: AsyncEngine, publisher: EventPublisher, clock: Clock) -> None:
        self._engine = engine
        self._publisher = publisher
        self._clock = clock

    async def run(self) -> None:
        """Publish until cancelled; failures are logged, counted in the rows and retried."""
        failures = 0
        while True:
            try:
                published = await self.publish_batch()
            except (PublishFailed, TimeoutError, *DATABASE_ERRORS) as error:
                failures += 1
                log.warning("relay_failed", error=type(error).__name__, failures=failures)
                await asyncio.sleep(_backoff(failures))
                continue
            failures = 0
            if not published:
                await asyncio.sleep(_POLL_SECONDS)

    async def publish_batch(self) -> int:
        """Publish the oldest event of each user; return the number of events.

        A crash between publishing and committing publishes again: consumers deduplicate by event id.

        Raises:
            PublishFailed: The events stay in the outbox.
        """
        ids: list[UUID] = []
        try:
            async with asyncio.timeout(_TRANSACTION_SECONDS), self._engine.begin() as connection:
                ids = [*(await connection.execute(select_publishable())).scalars()]
                events = await self._claim(connection, ids) if ids else []
                if events:
                    await self._publisher.publish(events)
        except PublishFailed as error:
            await self._record_failure(ids, error)
            raise
        return len(events)

    async def _claim(self, connection: AsyncConnection, ids: list[UUID]) -> list[OutboxEvent]:
        """Mark the events as published in the open transaction; SQLite takes its lock here."""
        columns = event_outbox.c
        claimed = (
            update(event_outbox)
            .where(columns.id.in_(ids), columns.published_at.is_(None))
            .values(published_at=self._clock.now(), last_error=None)
            .returning(columns.id, columns.topic, columns.event_key, columns.event_data)
        )
        rows = (await connection.execute(claimed)).all()
        return [OutboxEvent(row[0], row[1], row[2], row[3]) for row in rows]

    async def _record_failure(self, ids: list[UUID], error: PublishFailed) -> None:
        columns = event_outbox.c
        cause = type(error.__cause__ or error).__name__
        failed = (
            update(event_outbox)
            .where(columns.id.in_(ids), columns.published_at.is_(None))
            .values(retry_count=columns.retry_count + 1, last_error=cause)
        )
        async with asyncio.timeout(_TRANSACTION_SECONDS), self._engine.begin() as connection:
            await connection.execute(failed)


def select_publishable() -> Select[Any]:
    """Ids of the oldest unpublished event of each user, without those locked by another relay.

    To keep the order, an event is not selected while an older one of its user is unpublished.
    """
    columns, older = event_outbox.c, event_outbox.alias("older")
    has_older = exists().where(
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
        .where(columns.published_at.is_(None), columns.topic.in_(TOPICS), ~has_older)
        .order_by(columns.created_at)
        .limit(_BATCH_SIZE)
        .with_for_update(skip_locked=True, of=event_outbox)
    )


def _backoff(failures: int) -> float:
    """Seconds until the next attempt: exponential, with jitter."""
    longest = min(_MAX_BACKOFF_SECONDS, 0.25 * 2.0 ** min(failures, 10))
    return longest * _random.uniform(0.5, 1.0)


class RedisStreamPublisher:
    """Adds entries of `event_id`, `topic`, `key` and `event`, the platform's envelope as JSON."""

    def __init__(self, redis: RedisClient, stream: str, max_length: int) -> None:
        self._redis = redis
        self._stream = stream
        self._max_length = max_length
        self._add = redis.register_script(_ADD)

    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        args: list[str | int] = [self._max_length]
        for event in events:
            envelope = json.dumps(event.envelope, ensure_ascii=False, separators=(",", ":"))
            args += [str(event.event_id), event.topic, event.key, envelope]
        try:
            await self._add(keys=[self._stream], args=args)
        except (RedisError, OSError, TimeoutError) as error:
            if isinstance(error, ResponseError):
                await drop_connections(self._redis, in_use=False)
            raise PublishFailed from error
