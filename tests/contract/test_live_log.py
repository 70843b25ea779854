"""The log in Redis and the one in memory keep the same promises."""

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio.client import PubSub

from bff_core.clock import SystemClock
from bff_core.context import UserId
from bff_core.events import UserChannels
from services.bff_teacher.streaming.differ import Batches, diff
from services.bff_teacher.streaming.log import (
    Claim,
    Log,
    LogAway,
    Mark,
    News,
    Publication,
    Remark,
    Snapshot,
)
from services.bff_teacher.streaming.redis_log import LogOptions, RedisLog, redis_for_live
from services.bff_teacher.streaming.topics import Topic
from tests.unit.bff_teacher.streaming.memory_log import MemoryLog

BATCH = "3f0c6a52-9d1e-4c77-8a55-2b1d7c9e4f10"
ONE: Batches = {BATCH: {"title": "a"}}
CHANNELS = UserChannels(("user:{user_id}:events", "ws:{user_id}"), "bff_teacher")
LONGEST = 5


@pytest.fixture(params=["memory", "redis"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[Log]:
    if request.param == "memory":
        yield MemoryLog(SystemClock(), longest=LONGEST)
        return
    redis = redis_for_live(request.getfixturevalue("redis_url"))
    yield RedisLog(redis, CHANNELS, LogOptions(longest=LONGEST))
    await redis.aclose()


@pytest.fixture
def topic() -> Topic:
    return Topic(UserId(f"anna-{uuid4().hex}"))


async def put(log: Log, topic: Topic, batches: Batches, ticket: int = 1) -> bool:
    held = await log.held(topic)
    changes = diff(held.batches or {}, batches) if held.epoch else []
    return await log.publish(topic, Publication(held, ticket, batches, changes))


async def news(log: Log, topic: Topic, mark: Mark) -> News:
    found = await log.after(topic, mark)
    assert isinstance(found, News)
    return found


async def snapshot(log: Log, topic: Topic, mark: Mark | None = None) -> Snapshot:
    found = await log.after(topic, mark)
    assert isinstance(found, Snapshot)
    return found


async def test_the_first_state_is_a_snapshot_of_version_one(log: Log, topic: Topic) -> None:
    assert await log.after(topic, None) is None

    assert await put(log, topic, ONE)

    found = await snapshot(log, topic)
    assert (found.version, found.mark.offset, found.lost) == (1, 0, "")
    assert json.loads(found.batches) == ONE
    assert (await log.held(topic)).batches == ONE


async def test_changes_come_after_a_mark_once_and_in_order(log: Log, topic: Topic) -> None:
    await put(log, topic, ONE)
    mark = (await snapshot(log, topic)).mark

    await put(log, topic, {BATCH: {"title": "b"}})
    await put(log, topic, {})
    found = await news(log, topic, mark)

    assert [(event.offset, event.word) for event in found.events] == [
        (1, "batch_changed"),
        (2, "batch_removed"),
    ]
    assert [json.loads(event.data)["version"] for event in found.events] == [2, 3]
    assert json.loads(found.events[0].data)["patch"] == {"title": "b"}
    assert (await news(log, topic, found.mark)).events == []


async def test_of_two_publishers_with_one_state_the_second_changes_nothing(
    log: Log, topic: Topic
) -> None:
    await put(log, topic, ONE)
    held = await log.held(topic)
    new: Batches = {BATCH: {"title": "b"}}
    publication = Publication(held, 2, new, diff(ONE, new))

    assert await log.publish(topic, publication)
    assert not await log.publish(topic, publication)

    assert (await snapshot(log, topic)).version == 2


async def test_what_was_read_earlier_does_not_replace_what_was_read_later(
    log: Log, topic: Topic
) -> None:
    await put(log, topic, ONE, ticket=7)

    assert await put(log, topic, {BATCH: {"title": "old"}}, ticket=6)

    assert json.loads((await snapshot(log, topic)).batches) == ONE


async def test_a_gap_and_a_strange_epoch_give_the_state(log: Log, topic: Topic) -> None:
    await put(log, topic, ONE)
    first = (await snapshot(log, topic)).mark
    for number in range(LONGEST + 1):
        await put(log, topic, {BATCH: {"title": str(number)}})

    assert (await snapshot(log, topic, first)).lost == "gap"
    assert (await snapshot(log, topic, Mark(first.epoch, 99))).lost == "gap"
    assert (await snapshot(log, topic, Mark("0123456789ab", 1))).lost == "epoch"
    assert (await snapshot(log, topic, Mark.read("nonsense"))).lost == "epoch"


async def test_a_remark_is_made_once_and_only_of_what_is_known(log: Log, topic: Topic) -> None:
    assert not await log.remark(topic, Remark(b"{}", "d0"))
    await put(log, topic, ONE)
    mark = (await snapshot(log, topic)).mark

    said = [
        await log.remark(topic, Remark(b'{"n":1}', "d1", [BATCH])),
        await log.remark(topic, Remark(b'{"n":1}', "d1", [BATCH])),
        await log.remark(topic, Remark(b'{"n":2}', "d2", [str(uuid4())])),
        await log.remark(topic, Remark(b'{"n":3}', "d3")),
    ]

    assert said == [True, False, False, True]
    found = await news(log, topic, mark)
    assert [(event.word, event.data) for event in found.events] == [
        ("activity", b'{"n":1}'),
        ("activity", b'{"n":3}'),
    ]
    assert (await snapshot(log, topic)).version == 1


async def test_one_read_a_second_for_each_user(log: Log, topic: Topic) -> None:
    other = Topic(topic.user_id, BATCH)
    await put(log, topic, ONE)

    first = await log.claim(topic, ago=0.001)
    second = await log.claim(other, ago=0.001)

    assert first.verdict == "go"
    assert first.ticket > 0
    assert second.verdict == "wait"
    assert 0 < second.wait <= 1.0


async def test_a_read_that_began_late_enough_is_as_good(log: Log, topic: Topic) -> None:
    await put(log, topic, ONE)
    await log.claim(topic, ago=0.001)
    await asyncio.sleep(0.05)

    asked: list[Claim] = [await log.claim(topic, ago=ago) for ago in (5.0, 0.001)]

    assert [claim.verdict for claim in asked] == ["done", "wait"]
    assert asked[0].mark == (await snapshot(log, topic)).mark


async def test_replicas_that_publish_at_once_leave_one_history(log: Log, topic: Topic) -> None:
    await put(log, topic, {BATCH: {"n": 0}})
    mark = (await snapshot(log, topic)).mark

    async def count(times: int) -> None:
        for _ in range(times):
            while True:
                held = await log.held(topic)
                assert held.batches is not None
                number = held.batches[BATCH]["n"]
                assert isinstance(number, int)
                new: Batches = {BATCH: {"n": number + 1}}
                if await log.publish(topic, Publication(held, 1, new, diff(held.batches, new))):
                    break

    async with asyncio.TaskGroup() as group:
        group.create_task(count(2))
        group.create_task(count(2))

    told = [json.loads(event.data) for event in (await news(log, topic, mark)).events]
    assert [one["patch"]["n"] for one in told] == [1, 2, 3, 4]
    assert [one["version"] for one in told] == [2, 3, 4, 5]


async def test_too_much_at_once_is_a_gap_and_not_kept(redis_url: str, topic: Topic) -> None:
    redis = redis_for_live(redis_url)
    log = RedisLog(redis, CHANNELS, LogOptions(largest_batch_of_events=50))
    await put(log, topic, ONE)
    mark = (await snapshot(log, topic)).mark

    await put(log, topic, {BATCH: {"title": "x" * 100}})
    found = await snapshot(log, topic, mark)
    await redis.aclose()

    assert (found.lost, found.version) == ("gap", 2)
    assert json.loads(found.batches)[BATCH]["title"] == "x" * 100


async def test_every_channel_is_told_of_a_list_in_the_platform_s_envelope(
    redis_url: str, topic: Topic
) -> None:
    redis = redis_for_live(redis_url)
    log = RedisLog(redis, CHANNELS)
    await put(log, topic, ONE)
    async with redis.pubsub() as listening:
        await listening.subscribe(f"user:{topic.user_id}:events", f"ws:{topic.user_id}")
        await put(log, topic, {BATCH: {"title": "b"}})
        told = [message async for message in _first(listening, 2)]
    await redis.aclose()

    assert told[0] == told[1]
    assert told[0] == {
        "event": "batch_changed",
        "data": {
            "batch_id": BATCH,
            "patch": {"title": "b"},
            "source": "bff_teacher",
            "version": 2,
        },
    }


async def _first(listening: PubSub, count: int) -> AsyncIterator[object]:
    async with asyncio.timeout(5):
        async for message in listening.listen():
            if message["type"] == "message":
                yield json.loads(message["data"])
                count -= 1
            if not count:
                return


async def test_an_older_run_of_the_server_does_not_count_on(redis_url: str, topic: Topic) -> None:
    redis = redis_for_live(redis_url)
    log = RedisLog(redis, CHANNELS)
    await put(log, topic, ONE)
    mark = (await snapshot(log, topic)).mark
    await redis.hset(f"live:{{{topic.user_id}}}:list", "run", "another-run")  # type: ignore[misc]

    gone = await log.after(topic, mark)
    await put(log, topic, {BATCH: {"title": "b"}})
    found = await snapshot(log, topic, mark)
    await redis.aclose()

    assert gone is None
    assert (found.lost, found.version) == ("epoch", 1)


async def test_a_log_that_is_away_says_so(topic: Topic) -> None:
    redis = redis_for_live("redis://127.0.0.1:9/0")
    log = RedisLog(redis, CHANNELS)

    with pytest.raises(LogAway):
        await log.claim(topic, ago=1.0)
    await redis.aclose()
