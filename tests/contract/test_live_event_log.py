"""The event logs in Redis and in memory behave alike."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio.client import PubSub

from bff_core.clock import SystemClock
from bff_core.context import UserId
from services.bff_teacher.live import LiveOptions
from services.bff_teacher.live.event_log import (
    ActivityEvent,
    EventBatch,
    EventLog,
    EventLogUnavailable,
    Publication,
    ReadClaim,
    StateSnapshot,
    StreamPosition,
)
from services.bff_teacher.live.pubsub import UserChannels
from services.bff_teacher.live.redis_event_log import RedisEventLog, open_live_redis
from services.bff_teacher.live.state import Batches, StreamTopic, diff
from tests.unit.bff_teacher.live.in_memory_event_log import InMemoryEventLog

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
ONE_BATCH: Batches = {BATCH: {"title": "a"}}
CHANNELS = UserChannels(("user:{user_id}:events", "ws:{user_id}"), "bff_teacher")
KEPT_EVENTS = 5


@pytest.fixture(params=["memory", "redis"])
async def event_log(request: pytest.FixtureRequest) -> AsyncIterator[EventLog]:
    if request.param == "memory":
        yield InMemoryEventLog(SystemClock(), kept_events=KEPT_EVENTS)
        return
    redis = open_live_redis(request.getfixturevalue("redis_url"))
    yield RedisEventLog(redis, CHANNELS, LiveOptions(kept_events=KEPT_EVENTS))
    await redis.aclose()


@pytest.fixture
def topic() -> StreamTopic:
    return StreamTopic(UserId(f"anna-{uuid4().hex}"))


async def publish_state(
    event_log: EventLog, topic: StreamTopic, batches: Batches, fencing_token: int = 1
) -> bool:
    stored = await event_log.stored_state(topic)
    changes = diff(stored.batches or {}, batches) if stored.epoch else []
    return await event_log.publish(topic, Publication(stored, fencing_token, batches, changes))


async def events_after(
    event_log: EventLog, topic: StreamTopic, position: StreamPosition
) -> EventBatch:
    found = await event_log.read_after(topic, position)
    assert isinstance(found, EventBatch)
    return found


async def snapshot(
    event_log: EventLog, topic: StreamTopic, position: StreamPosition | None = None
) -> StateSnapshot:
    found = await event_log.read_after(topic, position)
    assert isinstance(found, StateSnapshot)
    return found


async def test_the_first_state_is_a_snapshot_of_version_one(
    event_log: EventLog, topic: StreamTopic
) -> None:
    assert await event_log.read_after(topic, None) is None

    assert await publish_state(event_log, topic, ONE_BATCH)

    found = await snapshot(event_log, topic)
    assert (found.version, found.position.offset, found.lost) == (1, 0, "")
    assert json.loads(found.batches) == ONE_BATCH
    assert (await event_log.stored_state(topic)).batches == ONE_BATCH


async def test_changes_after_a_position_are_read_once_and_in_order(
    event_log: EventLog, topic: StreamTopic
) -> None:
    await publish_state(event_log, topic, ONE_BATCH)
    position = (await snapshot(event_log, topic)).position

    await publish_state(event_log, topic, {BATCH: {"title": "b"}})
    await publish_state(event_log, topic, {})
    found = await events_after(event_log, topic, position)

    assert [(event.offset, event.name) for event in found.events] == [
        (1, "batch_changed"),
        (2, "batch_removed"),
    ]
    assert [json.loads(event.data)["version"] for event in found.events] == [2, 3]
    assert json.loads(found.events[0].data)["patch"] == {"title": "b"}
    assert (await events_after(event_log, topic, found.position)).events == []


async def test_the_second_publication_from_one_state_changes_nothing(
    event_log: EventLog, topic: StreamTopic
) -> None:
    await publish_state(event_log, topic, ONE_BATCH)
    stored = await event_log.stored_state(topic)
    new: Batches = {BATCH: {"title": "b"}}
    publication = Publication(stored, 2, new, diff(ONE_BATCH, new))

    assert await event_log.publish(topic, publication)
    assert not await event_log.publish(topic, publication)

    assert (await snapshot(event_log, topic)).version == 2


async def test_an_earlier_read_does_not_replace_a_later_one(
    event_log: EventLog, topic: StreamTopic
) -> None:
    await publish_state(event_log, topic, ONE_BATCH, fencing_token=7)

    assert await publish_state(event_log, topic, {BATCH: {"title": "old"}}, fencing_token=6)

    assert json.loads((await snapshot(event_log, topic)).batches) == ONE_BATCH


async def test_a_gap_or_an_unknown_epoch_yields_a_snapshot(
    event_log: EventLog, topic: StreamTopic
) -> None:
    await publish_state(event_log, topic, ONE_BATCH)
    first = (await snapshot(event_log, topic)).position
    for number in range(KEPT_EVENTS + 1):
        await publish_state(event_log, topic, {BATCH: {"title": str(number)}})

    assert (await snapshot(event_log, topic, first)).lost == "gap"
    assert (await snapshot(event_log, topic, StreamPosition(first.epoch, 99))).lost == "gap"
    assert (await snapshot(event_log, topic, StreamPosition("0123456789ab", 1))).lost == "epoch"
    assert (await snapshot(event_log, topic, StreamPosition.parse("nonsense"))).lost == "epoch"


async def test_an_activity_is_appended_once_and_only_with_known_ids(
    event_log: EventLog, topic: StreamTopic
) -> None:
    assert not await event_log.append_activity(topic, ActivityEvent(b"{}", "d0"))
    await publish_state(event_log, topic, ONE_BATCH)
    position = (await snapshot(event_log, topic)).position

    appended = [
        await event_log.append_activity(topic, ActivityEvent(b'{"n":1}', "d1", [BATCH])),
        await event_log.append_activity(topic, ActivityEvent(b'{"n":1}', "d1", [BATCH])),
        await event_log.append_activity(topic, ActivityEvent(b'{"n":2}', "d2", [str(uuid4())])),
        await event_log.append_activity(topic, ActivityEvent(b'{"n":3}', "d3")),
    ]

    assert appended == [True, False, False, True]
    found = await events_after(event_log, topic, position)
    assert [(event.name, event.data) for event in found.events] == [
        ("activity", b'{"n":1}'),
        ("activity", b'{"n":3}'),
    ]
    assert (await snapshot(event_log, topic)).version == 1


async def test_one_read_a_second_for_each_user(event_log: EventLog, topic: StreamTopic) -> None:
    other = StreamTopic(topic.user_id, BATCH)
    await publish_state(event_log, topic, ONE_BATCH)

    first = await event_log.claim_read(topic, max_age=0.001)
    second = await event_log.claim_read(other, max_age=0.001)

    assert first.outcome == "granted"
    assert first.fencing_token > 0
    assert second.outcome == "wait"
    assert 0 < second.wait_seconds <= 1.0


async def test_a_recent_read_is_fresh(event_log: EventLog, topic: StreamTopic) -> None:
    await publish_state(event_log, topic, ONE_BATCH)
    await event_log.claim_read(topic, max_age=0.001)
    await asyncio.sleep(0.05)

    claims: list[ReadClaim] = [
        await event_log.claim_read(topic, max_age=age) for age in (5.0, 0.001)
    ]

    assert [claim.outcome for claim in claims] == ["fresh", "wait"]
    assert claims[0].position == (await snapshot(event_log, topic)).position


async def test_concurrent_publications_leave_one_sequence_of_versions(
    event_log: EventLog, topic: StreamTopic
) -> None:
    await publish_state(event_log, topic, {BATCH: {"n": 0}})
    position = (await snapshot(event_log, topic)).position

    async def increment(times: int) -> None:
        for _ in range(times):
            while True:
                stored = await event_log.stored_state(topic)
                assert stored.batches is not None
                number = stored.batches[BATCH]["n"]
                assert isinstance(number, int)
                new: Batches = {BATCH: {"n": number + 1}}
                if await event_log.publish(
                    topic, Publication(stored, 1, new, diff(stored.batches, new))
                ):
                    break

    async with asyncio.TaskGroup() as group:
        group.create_task(increment(2))
        group.create_task(increment(2))

    data = [
        json.loads(event.data) for event in (await events_after(event_log, topic, position)).events
    ]
    assert [one["patch"]["n"] for one in data] == [1, 2, 3, 4]
    assert [one["version"] for one in data] == [2, 3, 4, 5]


async def test_a_large_update_is_a_gap_and_keeps_no_events(
    redis_url: str, topic: StreamTopic
) -> None:
    redis = open_live_redis(redis_url)
    event_log = RedisEventLog(redis, CHANNELS, LiveOptions(max_update_bytes=50))
    await publish_state(event_log, topic, ONE_BATCH)
    position = (await snapshot(event_log, topic)).position

    await publish_state(event_log, topic, {BATCH: {"title": "x" * 100}})
    found = await snapshot(event_log, topic, position)
    await redis.aclose()

    assert (found.lost, found.version) == ("gap", 2)
    assert json.loads(found.batches)[BATCH]["title"] == "x" * 100


async def test_changes_of_a_list_are_published_on_every_channel_in_the_platforms_envelope(
    redis_url: str, topic: StreamTopic
) -> None:
    redis = open_live_redis(redis_url)
    event_log = RedisEventLog(redis, CHANNELS)
    await publish_state(event_log, topic, ONE_BATCH)
    async with redis.pubsub() as pubsub:
        await pubsub.subscribe(f"user:{topic.user_id}:events", f"ws:{topic.user_id}")
        await publish_state(event_log, topic, {BATCH: {"title": "b"}})
        published = [message async for message in first_messages(pubsub, 2)]
    await redis.aclose()

    assert published[0] == published[1]
    assert published[0] == {
        "event": "batch_changed",
        "data": {
            "batch_id": BATCH,
            "patch": {"title": "b"},
            "source": "bff_teacher",
            "version": 2,
        },
    }


async def first_messages(pubsub: PubSub, count: int) -> AsyncIterator[object]:
    async with asyncio.timeout(5):
        async for message in pubsub.listen():
            if message["type"] == "message":
                yield json.loads(message["data"])
                count -= 1
            if not count:
                return


async def test_a_restarted_server_begins_a_new_epoch(redis_url: str, topic: StreamTopic) -> None:
    redis = open_live_redis(redis_url)
    event_log = RedisEventLog(redis, CHANNELS)
    await publish_state(event_log, topic, ONE_BATCH)
    position = (await snapshot(event_log, topic)).position
    await redis.hset(f"live:{{{topic.user_id}}}:list", "run_id", "another-run")

    gone = await event_log.read_after(topic, position)
    await publish_state(event_log, topic, {BATCH: {"title": "b"}})
    found = await snapshot(event_log, topic, position)
    await redis.aclose()

    assert gone is None
    assert (found.lost, found.version) == ("epoch", 1)


async def test_an_unreachable_redis_raises_unavailable(topic: StreamTopic) -> None:
    redis = open_live_redis("redis://127.0.0.1:9/0")
    event_log = RedisEventLog(redis, CHANNELS)

    with pytest.raises(EventLogUnavailable):
        await event_log.claim_read(topic, max_age=1.0)
    await redis.aclose()
