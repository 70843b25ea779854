"""Messages to a teacher who does not look on: kept once, read later, without names."""

import asyncio
import json
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from tests.faults.live_clients import message
from tests.faults.live_process import LiveProcess, live_process
from tests.faults.platform_answers import BATCH, TEACHER
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller, teacher_process

PATH = "/v1/teacher/notifications"
FILE = "5c1f0c5e-77f3-4b7e-bb0e-0d4c3a2b1a01"
NAMED = "Qvintessa Zyxholm.docx"
OTHER = "7a9c1e3f-5b2d-4f60-8a71-c3e5d7f90b12"
REJECTED = message(
    "batch_validation_failed",
    batch_id=BATCH,
    file_upload_id=FILE,
    filename=NAMED,
    validation_error="EMPTY_CONTENT",
    message=f"File '{NAMED}' failed validation",
    priority="immediate",
    action_required=True,
    timestamp="2026-01-31T09:02:11+00:00",
)


def teacher(live: LiveProcess, user: str = TEACHER) -> Caller:
    return Caller(live.session, live.url, user)


async def is_listening(redis: Redis, listeners: int = 1) -> None:
    """Wait until so many replicas hear everything."""
    async with asyncio.timeout(20):
        while sum(int(one["psub"]) for one in await redis.client_list()) < listeners:
            await asyncio.sleep(0.05)


async def until(caller: Caller, count: int) -> Any:
    """The notifications, once there are so many."""
    async with asyncio.timeout(20):
        while True:
            status, body, _ = await caller.get(PATH)
            if status == 200 and len(body["notifications"]) >= count:
                return body
            await asyncio.sleep(0.05)


async def test_a_teacher_who_was_away_reads_what_was_said(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(tmp_path, platform, redis_url) as live:
        await is_listening(live.redis)
        await live.redis.publish(f"ws:{TEACHER}", REJECTED)
        shown = await until(teacher(live), 1)
        [one] = shown["notifications"]
        read = await teacher(live).post(f"{PATH}/read", {"up_to": one["id"]})
        again = await until(teacher(live), 1)
        kept = [await dump(live.redis, key) async for key in live.redis.scan_iter("*")]

    assert one | {"id": ""} == {
        "id": "",
        "at": "2026-01-31T09:02:11Z",
        "kind": "file_rejected",
        "batch_id": BATCH,
        "class_id": None,
        "phase": None,
        "file_upload_id": FILE,
        "reason": "empty",
        "importance": "high",
        "needs_action": True,
        "is_read": False,
    }
    assert (shown["unread"], shown["next_cursor"]) == (1, None)
    assert read[:2] == (200, {"read_up_to": one["id"], "unread": 0})
    assert again["notifications"][0]["is_read"]
    assert not any(NAMED.encode() in one or b"Qvintessa" in one for one in kept)


async def dump(redis: Redis, key: bytes) -> bytes:
    value = await redis.dump(key)
    return key + bytes(value or b"")


async def test_hostile_messages_leave_nothing_and_reach_no_one_else(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(tmp_path, platform, redis_url) as live:
        await is_listening(live.redis)
        for junk in (
            b"",
            b"\xff",
            b"[]",
            b"[" * 5000,
            b"{}" * 50_000,
            message("batch_results_ready", batch_id="../x"),
            message("batch_results_ready", user_id=OTHER),
            message("<script>", batch_id=BATCH),
            message("batch_results_ready", source="bff_teacher"),
        ):
            await live.redis.publish(f"ws:{TEACHER}", junk)
        await live.redis.publish(f"ws:{OTHER}", REJECTED)
        await live.redis.publish("ws:", REJECTED)
        await live.redis.publish(f"ws:}}{TEACHER}", REJECTED)
        await live.redis.publish(f"ws:{TEACHER}", message("class_created", class_id=FILE))
        mine = await until(teacher(live), 1)
        theirs = await until(teacher(live, OTHER), 1)

    assert [one["kind"] for one in mine["notifications"]] == ["class_created"]
    assert [one["kind"] for one in theirs["notifications"]] == ["file_rejected"]


async def test_two_replicas_keep_a_message_once_also_after_a_restart(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    urls = platform.urls | {"REDIS_URL": redis_url}
    ledger = {"LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.sqlite3'}"}
    async with live_process(tmp_path, platform, redis_url) as live:
        with teacher_process(tmp_path, urls, **ledger):
            await is_listening(live.redis, 2)
            for number in range(20):
                file = f"{FILE[:-2]}{number:02d}"
                one = json.loads(REJECTED)
                one["data"]["file_upload_id"] = file
                await live.redis.publish(f"ws:{TEACHER}", json.dumps(one))
            await until(teacher(live), 20)
            await asyncio.sleep(0.5)
        before = await until(teacher(live), 20)
        live.running.process.kill()
        with teacher_process(tmp_path, urls, **ledger) as restarted:
            after = await until(Caller(live.session, restarted.url), 20)

    files = [one["file_upload_id"] for one in before["notifications"]]
    assert len(files) == len(set(files)) == 20
    assert (before["unread"], after) == (20, before)


async def test_without_redis_it_is_503(tmp_path: Path, platform: StubPlatform) -> None:
    async with live_process(tmp_path, platform, None) as live:
        status, code, _ = await live.error_response(PATH)

    assert (status, code) == (503, "SERVICE_UNAVAILABLE")
