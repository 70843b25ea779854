"""The relay publishes at least once, in order for each person, whoever is killed or away.

With FULL_NUMBERS=1 100 relays are killed over 100 people, else 20 over 10.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.clock import SystemClock
from services.identity_admin.implementations.event_rows import TOPICS, Mails
from services.identity_admin.implementations.redis_stream import RedisStream
from services.identity_admin.implementations.relay import OutboxEvent, Relay, SinkFailed
from services.identity_admin.implementations.tables import event_outbox
from services.identity_admin.standing import Action
from tests.faults.identity_admin.butcher import Butcher
from tests.faults.identity_admin.deciders import decide, deciding_over
from tests.identity_databases import FULL, Account, admit, an_admin, register

PEOPLE = 100 if FULL else 10
KILLS = 100 if FULL else 20
STEPS_OF_A_PASS = 5
STORY = (Action.APPROVE, Action.DENY, Action.APPROVE)


class MemorySink:
    def __init__(self) -> None:
        self.events: list[OutboxEvent] = []

    async def publish(self, events: Sequence[OutboxEvent]) -> None:
        # Long enough for another relay to come by meanwhile.
        await asyncio.sleep(0.01)
        self.events.extend(events)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def tell_stories(engine: AsyncEngine, people: int) -> list[Account]:
    """Let everybody in, out and in again: six events each, mails included."""
    admin, crowd = an_admin(), [Account() for _ in range(people)]
    await admit(engine, admin)
    await register(engine, *crowd)
    deciding = deciding_over(engine, Mails("welcome", "denied"))
    for version, action in enumerate(STORY, start=1):
        for one in crowd:
            await decide(deciding, one.user_id, action, version, admin.user_id)
    return crowd


async def outbox_order(engine: AsyncEngine) -> dict[str, list[str]]:
    """The ids of every person's events, as they were decided."""
    columns = event_outbox.c
    query = select(columns.aggregate_id, columns.id).where(columns.topic.in_(TOPICS))
    told: dict[str, list[str]] = defaultdict(list)
    async with engine.connect() as connection:
        for person, event_id in await connection.execute(query.order_by(columns.created_at)):
            told[person].append(str(event_id))
    return told


async def unpublished(engine: AsyncEngine) -> int:
    query = select(func.count()).where(event_outbox.c.published_at.is_(None))
    async with engine.connect() as connection:
        return (await connection.execute(query)).scalar_one()


async def drain(relay: Relay) -> None:
    while await relay.deliver():
        pass


async def read_once(redis: Redis, stream: str) -> tuple[dict[str, list[str]], int]:
    """What a consumer makes of the stream that knows events by id; and the number of entries."""
    seen: dict[str, list[str]] = defaultdict(list)
    entries = await redis.xrange(stream)
    for _, fields in entries:
        event = json.loads(fields[b"event"])
        assert event["event_id"] == fields[b"event_id"].decode()
        told = seen[fields[b"key"].decode()]
        if event["event_id"] not in told:
            told.append(event["event_id"])
    return seen, len(entries)


async def test_killed_relays_lose_nothing_and_keep_the_order(
    engine: AsyncEngine, database: str, redis: Redis, redis_url: str, kills: Butcher
) -> None:
    stream = f"identity:{uuid4().hex}"
    await tell_stories(engine, PEOPLE)
    job = {"kind": "relay", "database": database, "redis": redis_url, "stream": stream}

    # Every step of the first passes, over and over; what was committed stays so.
    statuses = [
        kills.run(**job, kill_before=number % (2 * STEPS_OF_A_PASS) + 1) for number in range(KILLS)
    ]
    statuses.append(kills.run(**job, kill_before=10_000))

    told, entries = await read_once(redis, stream)
    assert -9 in statuses
    assert statuses[-1] == 0
    assert told == await outbox_order(engine)
    assert entries >= 2 * len(STORY) * PEOPLE
    assert await unpublished(engine) == 0


async def test_two_relays_do_not_double(engine: AsyncEngine) -> None:
    await tell_stories(engine, 5)
    sink = MemorySink()

    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(drain(Relay(engine, sink, SystemClock())))
    await drain(Relay(engine, sink, SystemClock()))

    told: dict[str, list[str]] = defaultdict(list)
    for event in sink.events:
        told[event.key].append(str(event.event_id))
    assert told == await outbox_order(engine)


async def test_redis_away_keeps_the_events_and_counts(engine: AsyncEngine) -> None:
    await tell_stories(engine, 1)
    away = Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.5)
    relay = Relay(engine, RedisStream(away, "identity:events", 100), SystemClock())

    with pytest.raises(SinkFailed):
        await relay.deliver()

    await away.aclose()
    assert await unpublished(engine) == 2 * len(STORY)
    async with engine.connect() as connection:
        columns = event_outbox.c
        query = select(columns.retry_count, columns.last_error).order_by(columns.created_at)
        row = (await connection.execute(query)).first()
    assert row is not None
    assert tuple(row) == (1, "ConnectionError")


async def test_running_relay_gets_over_an_outage(engine: AsyncEngine) -> None:
    class FailsOnce(MemorySink):
        failed = False

        async def publish(self, events: Sequence[OutboxEvent]) -> None:
            if not self.failed:
                self.failed = True
                raise SinkFailed
            await super().publish(events)

    await tell_stories(engine, 1)
    sink = FailsOnce()
    running = asyncio.create_task(Relay(engine, sink, SystemClock()).run())

    async with asyncio.timeout(15):
        while len(sink.events) < 2 * len(STORY):
            await asyncio.sleep(0.02)

    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert sink.failed


async def test_other_peoples_events_are_left_alone(engine: AsyncEngine) -> None:
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

    delivered = await Relay(engine, MemorySink(), SystemClock()).deliver()

    assert delivered == 0
    assert await unpublished(engine) == 1
