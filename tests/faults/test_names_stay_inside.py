"""Names of pupils, planted in every source, reach screens and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from bff_core.clock import SystemClock
from bff_core.testing import Reply
from tests.faults import platform_answers as answers
from tests.faults.live_clients import FAST_SETTINGS, StreamFollower, following, message, wait_until
from tests.faults.platform_answers import BATCH, CLASS, ESSAY, MAJA, TEACHER
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller, teacher_process

FIRST, LAST = "Qvintessa", "Zyxholm"
MARKS = (FIRST.encode(), LAST.encode())
NAMED = f"{FIRST} {LAST}"
BASE = f"/v1/teacher/batches/{BATCH}"
ROUTES = ("/v1/teacher/dashboard", "/v1/teacher/classes", BASE, f"{BASE}/associations")


def plant(platform: StubPlatform) -> None:
    """The platform's answers with the marked name wherever a source may write one."""
    detail = {"error_code": "PROCESSING_ERROR", "message": NAMED, "stack_trace": NAMED}
    essay = answers.ESSAY_ROW | {"filename": f"{NAMED}.docx", "spellcheck_error_detail": detail}
    pending = {"overall_status": "pending_content", "processing_completed_at": None}
    row = answers.ROW | pending | {"essays": [essay]}
    whole = json.dumps(row | {"student_prompt_ref": answers.PROMPT}).encode()
    platform.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=answers.batch_page(row)))
    platform.ras.on(f"/internal/v1/batches/{BATCH}/status", Reply(body=whole))
    named = (("Maja", FIRST), ("Lindqvist", LAST), ("maja@", f"{FIRST}@"))
    for path, body in (
        (f"/v1/classes/{CLASS}/roster", answers.ROSTER),
        (f"/internal/v1/batches/{BATCH}/student-names", answers.NAMES),
        (f"/internal/v1/associations/essay/{ESSAY}", answers.NAME),
        (answers.REVIEW_PATH, answers.ASSOCIATIONS.replace(b"a constant", NAMED.encode())),
    ):
        marked = body
        for plain, mark in named:
            marked = marked.replace(plain.encode(), mark.encode())
        # Not older than CMS's timer is patient, so that it waits for its teacher.
        today = SystemClock().now().strftime("%Y-%m-%d").encode()
        platform.cms.on(path, Reply(body=marked.replace(b"2026-01-30", today)))
    state = json.loads(answers.phases(spellcheck="pending_dependencies"))
    state["pipeline_state"]["spellcheck"]["error_info"] = {"message": NAMED}
    platform.bos.on(answers.PHASES_PATH, Reply(body=json.dumps(state).encode()))
    lock = answers.FILE_STATE.replace(b"spellcheck processing has started", NAMED.encode())
    platform.files.on(f"/v1/files/batch/{BATCH}/state", Reply(body=lock))
    platform.content.on(f"/v1/content/{answers.TEXT_ID}", answers.text(f"Av {NAMED}"))


def fail_with_names(platform: StubPlatform) -> None:
    refusal = json.dumps({"error": {"message": NAMED, "stack_trace": NAMED}}).encode()
    platform.bos.on(answers.PHASES_PATH, Reply(500, refusal))
    platform.cms.on(answers.REVIEW_PATH, Reply(400, refusal))
    platform.cms.on(f"/internal/v1/batches/{BATCH}/student-names", Reply(200, refusal))


@asynccontextmanager
async def listening(redis: Redis) -> AsyncIterator[list[bytes]]:
    """All that is published, but for the messages of this test."""
    heard: list[bytes] = []

    async def listen() -> None:
        async with redis.pubsub() as pubsub:
            await pubsub.psubscribe("*")
            async for one in pubsub.listen():
                said = [] if one["channel"].startswith(b"ws:") else [repr(one).encode()]
                heard.extend(said)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(listen())
        yield heard
        task.cancel()


async def stored_in(redis: Redis) -> bytes:
    keys = [key async for key in redis.scan_iter("*")]
    return b"".join([key + (await redis.dump(key) or b"") for key in keys])


async def confirm(caller: Caller) -> int:
    body = {"decisions": [{"essay_id": ESSAY, "student_id": MAJA}]}
    url = f"{caller.url}{BASE}/associations/confirm"
    headers = StreamFollower(caller.session, [caller.url]).token()
    async with caller.session.post(url, json=body, headers=headers) as answer:
        return answer.status


def require_unmarked(**places: bytes) -> None:
    for name, text in places.items():
        assert not [mark for mark in MARKS if mark in text], name


async def test_no_name_of_a_pupil_reaches_redis_a_log_a_metric_or_a_stream(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    plant(platform)
    redis = Redis.from_url(redis_url)
    await redis.flushdb()
    place = {"REDIS_URL": redis_url, "LOG_LEVEL": "DEBUG"}
    ledger = {"LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.sqlite3'}"}
    async with aiohttp.ClientSession() as session:
        with teacher_process(tmp_path, platform.urls | place, **FAST_SETTINGS, **ledger) as bff:
            url = f"http://127.0.0.1:{bff.port}"
            caller = Caller(session, url)
            followers = [
                StreamFollower(session, [url], path=f"/v1/teacher/events{query}")
                for query in ("", f"?batch_id={BATCH}")
            ]
            async with listening(redis) as heard, following(followers[0]), following(followers[1]):
                await wait_until(lambda: all(one.screen.batches for one in followers))
                shown = [await caller.get(path) for path in (*ROUTES, f"{BASE}/essays/{ESSAY}")]
                named = message("student_added_to_class", student_name=NAMED, class_id=CLASS)
                await redis.publish(f"ws:{TEACHER}", named)
                confirmed = await confirm(caller)
                own = followers[0].screen
                await wait_until(lambda: (own.batches or {})[BATCH]["status"] == "ready")
                fail_with_names(platform)
                failed = [await caller.get(path) for path in ROUTES]
                received = [[one.screen.batches, one.screen.data] for one in followers]
                kept, metrics = await stored_in(redis), (await caller.get("/metrics"))[1]
        log = bff.output.read_bytes()
    await redis.aclose()

    assert confirmed == 200
    assert sum(FIRST in json.dumps(body) for _, body, _ in shown) >= 3
    assert {status for status, _, _ in failed} <= {200, 502}
    assert b"request_calls" in log
    assert len(heard) > 1
    streams = json.dumps(received, ensure_ascii=False).encode()
    require_unmarked(
        redis=kept, channels=b"".join(heard), log=log, metrics=metrics.encode(), streams=streams
    )
