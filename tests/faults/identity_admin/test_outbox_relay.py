"""The outbox relay publishes at least once and in order for each user, through kills and outages.

100 kills and 100 users with FULL_NUMBERS=1, else 20 and 10.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import cast
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from services.identity_admin.implementations.outbox_events import TOPICS, EmailTemplates
from services.identity_admin.implementations.outbox_relay import (
    OutboxEvent,
    OutboxRelay,
    PublishFailed,
    RedisStreamPublisher,
)
from services.identity_admin.implementations.tables import event_outbox
from services.identity_admin.models import DecisionAction
from tests.faults.identity_admin.crash_runner import CrashRunner
from tests.faults.identity_admin.decisions import decide, decide_handler_for
from tests.identity_databases import FULL, Account, add_approved, add_pending, an_admin

USERS = 100 if FULL else 10
KILLS = 100 if FULL else 20
STEPS_PER_BATCH = 5
DECISIONS = (DecisionAction.APPROVE, DecisionAction.DENY, DecisionAction.APPROVE)


class InMemoryPublisher:
    def __init__(self) -> None:
        self.events: list[OutboxEvent] = []

    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        # Long enough for another relay to read the outbox meanwhile.
        await asyncio.sleep(0.01)
        self.events.extend(events)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def make_decisions(engine: AsyncEngine, users: int) -> None:
    """Make three decisions on each user: six events, emails included."""
    admin, accounts = an_admin(), [Account() for _ in range(users)]
    await add_approved(engine, admin)
    await add_pending(engine, *accounts)
    handler = decide_handler_for(engine, EmailTemplates("welcome", "denied"))
    for version, action in enumerate(DECISIONS, start=1):
        for account in accounts:
            await decide(handler, account.user_id, action, version, admin.user_id)


async def event_ids_in_outbox(engine: AsyncEngine) -> dict[str, list[str]]:
    """Event ids of each user, in the order of the decisions."""
    columns = event_outbox.c
    query = select(columns.aggregate_id, columns.id).where(columns.topic.in_(TOPICS))
    ids: dict[str, list[str]] = defaultdict(list)
    async with engine.connect() as connection:
        for user_id, event_id in await connection.execute(query.order_by(columns.created_at)):
            ids[user_id].append(str(event_id))
    return ids


async def count_unpublished(engine: AsyncEngine) -> int:
    query = select(func.count()).where(event_outbox.c.published_at.is_(None))
    async with engine.connect() as connection:
        return (await connection.execute(query)).scalar_one()


async def drain(relay: OutboxRelay) -> None:
    while await relay.publish_batch():
        pass


async def event_ids_in_stream(redis: Redis, stream: str) -> tuple[dict[str, list[str]], int]:
    """Event ids of each user without duplicates, and the number of entries of the stream."""
    ids: dict[str, list[str]] = defaultdict(list)
    entries = cast("list[tuple[bytes, dict[bytes, bytes]]]", await redis.xrange(stream))
    for _, fields in entries:
        event = json.loads(fields[b"event"])
        assert event["event_id"] == fields[b"event_id"].decode()
        of_user = ids[fields[b"key"].decode()]
        if event["event_id"] not in of_user:
            of_user.append(event["event_id"])
    return ids, len(entries)


async def test_killed_relays_lose_no_event_and_keep_the_order(
    engine: AsyncEngine, database: str, redis: Redis, redis_url: str, crash_runner: CrashRunner
) -> None:
    stream = f"identity:{uuid4().hex}"
    await make_decisions(engine, USERS)
    job = {"kind": "relay", "database": database, "redis": redis_url, "stream": stream}

    # The kills cover every step of the first two batches, repeatedly.
    statuses = [
        crash_runner.run(**job, kill_before=number % (2 * STEPS_PER_BATCH) + 1)
        for number in range(KILLS)
    ]
    statuses.append(crash_runner.run(**job, kill_before=10_000))

    published, entries = await event_ids_in_stream(redis, stream)
    assert -9 in statuses
    assert statuses[-1] == 0
    assert published == await event_ids_in_outbox(engine)
    assert entries >= 2 * len(DECISIONS) * USERS
    assert await count_unpublished(engine) == 0


async def test_two_relays_publish_each_event_once(engine: AsyncEngine) -> None:
    await make_decisions(engine, 5)
    publisher = InMemoryPublisher()

    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(drain(OutboxRelay(engine, publisher, SystemClock())))
    await drain(OutboxRelay(engine, publisher, SystemClock()))

    published: dict[str, list[str]] = defaultdict(list)
    for event in publisher.events:
        published[event.key].append(str(event.event_id))
    assert published == await event_ids_in_outbox(engine)


async def test_redis_outage_keeps_the_events_and_counts_failures(engine: AsyncEngine) -> None:
    await make_decisions(engine, 1)
    unreachable = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.5)
    relay = OutboxRelay(
        engine, RedisStreamPublisher(unreachable, "identity:events", 100), SystemClock()
    )

    with pytest.raises(PublishFailed):
        await relay.publish_batch()

    await unreachable.aclose()
    assert await count_unpublished(engine) == 2 * len(DECISIONS)
    async with engine.connect() as connection:
        columns = event_outbox.c
        query = select(columns.retry_count, columns.last_error).order_by(columns.created_at)
        row = (await connection.execute(query)).first()
    assert row is not None
    assert tuple(row) == (1, "ConnectionError")


async def test_running_relay_recovers_from_an_outage(engine: AsyncEngine) -> None:
    class FailsOnce(InMemoryPublisher):
        failed = False

        async def publish(self, events: Sequence[OutboxEvent]) -> None:
            if not self.failed:
                self.failed = True
                raise PublishFailed
            await super().publish(events)

    await make_decisions(engine, 1)
    publisher = FailsOnce()
    task = asyncio.create_task(OutboxRelay(engine, publisher, SystemClock()).run())

    async with asyncio.timeout(15):
        while len(publisher.events) < 2 * len(DECISIONS):
            await asyncio.sleep(0.02)

    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert publisher.failed


async def test_events_of_other_topics_are_not_published(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        values = {
            "id": UUID(int=1),
            "aggregate_id": "x",
            "aggregate_type": "user",
            "event_type": "huleedu.identity.user.registered.v1",
            "event_data": {},
            "topic": "huleedu.identity.user.registered.v1",
            "created_at": SystemClock().now(),
            "retry_count": 0,
        }
        await connection.execute(event_outbox.insert().values(values))

    published = await OutboxRelay(engine, InMemoryPublisher(), SystemClock()).publish_batch()

    assert published == 0
    assert await count_unpublished(engine) == 1
