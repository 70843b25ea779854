"""The devstack comes alive: batches move by order, and user channels reach the right sockets."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import httpx
import pytest
from redis.asyncio import Redis

from devstack.emulators.ras.scenario import SCENARIO_PATH
from devstack.scenario import MOVES, DemoScenario
from devstack.seed import SeededBatch, load_dataset
from devstack.seed.people import ANNA, ERIK, PEOPLE, DemoUser
from devstack.stream_client import JsonObject, StreamFollower
from devstack.supervisor.keys import load_keys
from devstack.supervisor.processes import REDIS_PORT
from devstack.supervisor.stack import RAS_CACHE_SECONDS
from devstack.tokens import Hs256, mint
from tests.e2e.demo_stack import DemoStack, demo_stack
from tests.e2e.live_streams import follow_as, listen

LANES = len(DemoScenario(load_dataset()).batches)
RAS, WEBSOCKET = 4003, 8081
NOTE = json.dumps({"event": "note", "data": {"source": "bff_teacher", "text": "åäö"}})


@pytest.fixture(scope="module")
def alive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoStack]:
    """A devstack of its own: its batches move."""
    with demo_stack(tmp_path_factory.mktemp("devstack")) as (stack, _):
        yield stack


@pytest.fixture
async def redis(alive: DemoStack) -> AsyncIterator[Redis]:
    client = Redis.from_url(f"redis://127.0.0.1:{REDIS_PORT + alive.offset}/0")
    yield client
    await client.aclose()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


def socket_url(stack: DemoStack, token: str, path: str = "/ws/") -> str:
    return f"{stack.url(WEBSOCKET)}{path}?token={token}".replace("http", "ws", 1)


def order(stack: DemoStack, steps: int = 1) -> list[dict[str, Any]]:
    answer = httpx.post(f"{stack.url(RAS)}{SCENARIO_PATH}", json={"steps": steps}, timeout=30)
    assert answer.status_code == 200
    moves: list[dict[str, Any]] = answer.json()["moves"]
    return moves


def ras_batch(stack: DemoStack, batch_id: str) -> dict[str, Any]:
    key = load_keys(stack.home / "keys.json").internal_api_key
    headers = {"X-Internal-API-Key": key, "X-Service-ID": "bff-teacher-service"}
    url = f"{stack.url(RAS)}/internal/v1/batches/{batch_id}/status"
    body: dict[str, Any] = httpx.get(url, headers=headers, timeout=10).json()
    return body


async def test_batch_goes_its_whole_way_as_ras_shows_it(alive: DemoStack, redis: Redis) -> None:
    seen = []
    for _ in MOVES:
        moved = order(alive, LANES)[1]
        await redis.delete(f"ras:batch:{moved['batch_id']}")
        seen.append((moved["move"], told(ras_batch(alive, moved["batch_id"]))))

    way = dict(seen)
    assert [name for name, _ in seen] == list(MOVES)
    assert way["registered"] == way["started"] == ("pending_content", 0, 0, 0, 0, False)
    assert way["spellchecked_4"] == ("pending_content", 0, 0, 25, 0, False)
    assert way["spellcheck_concluded"] == way["spellchecked_4"]
    assert way["spellcheck_counted"] == ("completed_with_failures", 22, 3, 25, 0, False)
    assert way["assessed"] == ("completed_with_failures", 22, 3, 25, 22, False)
    assert way["completed"] == ("completed_successfully", 25, 0, 25, 22, True)


# After these moves the screens show another state: status, phase that runs, kind of attention.
STORY = {
    "registered": ("not_started", None, None),
    "matched": ("awaiting_review", None, "student_matching"),
    "started": ("processing", "spellcheck", None),
    "spellcheck_concluded": ("processing", "cj_assessment", None),
    "assessment_concluded": ("completed_successfully", None, None),
}


async def test_stream_shows_each_state_of_a_class_s_batch_when_its_source_does(
    alive: DemoStack, session: aiohttp.ClientSession
) -> None:
    batch_id = DemoScenario(load_dataset()).batches[0].batch_id
    follower = follow_as(alive, session, ANNA)
    complete_cycle(alive)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(listen(follower))
        for move in MOVES[: MOVES.index("assessment_concluded") + 1]:
            moved = (await asyncio.to_thread(order, alive, LANES))[0]
            assert (moved["move"], moved["batch_id"]) == (move, batch_id)
            if move in STORY:
                await wait_until_shown(follower, batch_id, STORY[move])
        task.cancel()


def complete_cycle(stack: DemoStack) -> None:
    """Move on until the next step is the first lane's registration."""
    turns: int = httpx.get(f"{stack.url(RAS)}{SCENARIO_PATH}").json()["step"] // LANES
    if left := -turns % len(MOVES):
        order(stack, LANES * left)


async def wait_until_shown(
    follower: StreamFollower, batch_id: str, wanted: tuple[str | None, ...]
) -> None:
    """RAS's cache and the stream's own reads take up to five seconds each; a busy machine more."""
    shown: tuple[object, ...] = ()
    try:
        async with asyncio.timeout(30):
            while shown != wanted:
                await asyncio.sleep(0.1)
                shown = state_in(follower.copy.batches.get(batch_id, {}))
    except TimeoutError:
        pytest.fail(f"{wanted} was not shown, but {shown}")


def state_in(batch: JsonObject) -> tuple[object, ...]:
    attention = batch.get("attention")
    kind = attention.get("kind") if isinstance(attention, dict) else None
    return batch.get("status"), batch.get("processing_phase"), kind


def told(body: dict[str, Any]) -> tuple[str, int, int, int, int, bool]:
    """Status, counts, essays that RAS lists, those with a rank, and whether it is over."""
    return (
        body["overall_status"],
        body["completed_essay_count"],
        body["failed_essay_count"],
        len(body["essays"]),
        sum(one["cj_rank"] is not None for one in body["essays"]),
        body["processing_completed_at"] is not None,
    )


async def test_step_shows_when_ras_s_cache_lets_it_through(alive: DemoStack) -> None:
    moved = order(alive, LANES)[0]
    await asyncio.sleep(RAS_CACHE_SECONDS + 0.5)
    before = ras_batch(alive, moved["batch_id"])
    order(alive, LANES)

    at_once = ras_batch(alive, moved["batch_id"])
    order(alive, LANES * (MOVES.index("spellcheck_counted") - 1))
    deadline = time.monotonic() + RAS_CACHE_SECONDS + 5
    while (later := ras_batch(alive, moved["batch_id"])) == before:
        assert time.monotonic() < deadline, "the cache never let it through"
        await asyncio.sleep(0.2)

    assert at_once == before
    assert later["overall_status"] != before["overall_status"]


async def test_step_reaches_its_teacher_s_socket_and_no_other(
    alive: DemoStack, session: aiohttp.ClientSession
) -> None:
    owners = {person.user_id: person for person in PEOPLE}
    async with (
        session.ws_connect(socket_url(alive, alive.token(ANNA))) as anna,
        session.ws_connect(socket_url(alive, alive.token(ERIK))) as erik,
    ):
        moves = order(alive, LANES * len(MOVES))
        expected = {
            person.user_id: sum(m["notifications"] for m in moves if m["user_id"] == person.user_id)
            for person in (ANNA, ERIK)
        }
        for socket, person in ((anna, ANNA), (erik, ERIK)):
            mine = batches_of(person)
            for _ in range(expected[person.user_id]):
                data = json.loads(await socket.receive_str(timeout=10))["data"]
                assert data.get("batch_id") in {None, *mine}

    assert {owners[move["user_id"]] for move in moves} >= {ANNA, ERIK}
    assert min(expected.values()) > 50


def batches_of(person: DemoUser) -> set[str]:
    mine: list[SeededBatch] = load_dataset().batches_of(person.user_id)
    return {batch.batch_id for batch in mine}


@pytest.mark.parametrize("channel", ["ws:{}", "user:{}:events"])
async def test_both_channels_arrive_verbatim_and_at_the_right_user_only(
    alive: DemoStack, session: aiohttp.ClientSession, redis: Redis, channel: str
) -> None:
    async with (
        session.ws_connect(socket_url(alive, alive.token(ANNA))) as anna,
        session.ws_connect(socket_url(alive, alive.token(ERIK))) as erik,
    ):
        await anna.send_str('{"type": "ping"}')
        await redis.publish(channel.format(ANNA.user_id), NOTE)
        await redis.publish(channel.format(ANNA.user_id), "second")
        await redis.publish(channel.format(ERIK.user_id), "for Erik")

        assert [await anna.receive_str(timeout=5), await anna.receive_str(timeout=5)] == [
            NOTE,
            "second",
        ]
        assert await erik.receive_str(timeout=5) == "for Erik"


BAD = ["nothing", "garbage", "expired", "another_secret", "another_audience"]


@pytest.mark.parametrize("kind", BAD)
async def test_bad_token_is_refused_with_a_bare_403(
    alive: DemoStack, session: aiohttp.ClientSession, kind: str
) -> None:
    secret = Hs256(load_keys(alive.home / "keys.json").jwt_secret)
    other = Hs256("another-secret-another-secret-another-secret")
    now = datetime.now(UTC)
    tokens = {
        "nothing": "",
        "garbage": "x.y.z",
        "expired": mint(ANNA, secret, now=now, lifetime=-1),
        "another_secret": mint(ANNA, other, now=now),
        "another_audience": mint(ANNA, secret, now=now, claims={"aud": "elsewhere"}),
    }

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(socket_url(alive, tokens[kind]))

    assert refused.value.status == 403


@pytest.mark.parametrize("path", ["/ws", "/", "/ws/v1/notifications"])
async def test_socket_elsewhere_is_refused_with_403(
    alive: DemoStack, session: aiohttp.ClientSession, path: str
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await session.ws_connect(socket_url(alive, alive.token(ANNA), path))

    assert refused.value.status == 403


async def test_sixth_socket_opens_and_is_closed_with_4000(
    alive: DemoStack, session: aiohttp.ClientSession
) -> None:
    url = socket_url(alive, alive.token(ANNA))
    opened = [await session.ws_connect(url) for _ in range(6)]

    ended = await opened[5].receive(timeout=5)

    assert ended.type is aiohttp.WSMsgType.CLOSE
    assert (ended.data, json.loads(str(ended.extra))["error_code"]) == (4000, "QUOTA_EXCEEDED")
    for socket in opened:
        await socket.close()


def test_status_shows_the_websocket_emulator(alive: DemoStack) -> None:
    status = alive.command("status")

    assert status.returncode == 0
    assert "websocket" in status.stdout


def test_watch_is_told_why_in_one_line_when_the_person_is_unknown(alive: DemoStack) -> None:
    result = alive.command("watch", "nobody-of-this-name")

    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "No demo login begins with" in result.stderr
