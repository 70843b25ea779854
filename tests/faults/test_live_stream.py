"""The event stream over real sockets: headers, errors, limits and endings."""

import asyncio
import json
import signal
import time
from pathlib import Path

from bff_core.testing import Reply
from tests.e2e.attack.process import gateway
from tests.faults.live_clients import StreamFollower, batch_id, following, message, wait_until
from tests.faults.live_process import EVENTS, live_process
from tests.faults.platform_answers import BATCH, TEACHER, WHOLE_BATCH
from tests.faults.stub_platform import StubPlatform

GRACE = 20.0
"""Seconds that a process gives to what is in flight at its end."""


async def test_a_stream_starts_with_a_snapshot_and_follows_changes(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(tmp_path, platform, redis_url, LIVE__POLL="60") as live:
        follower = live.follower()
        async with following(follower):
            await wait_until(lambda: follower.screen.batches)
            live.batches.put(1, completed_essay_count=2)
            # The next poll is a minute away.
            await live.redis.publish(
                f"ws:{TEACHER}",
                message(
                    "batch_phase_concluded",
                    batch_id=batch_id(1),
                    phase="spellcheck",
                    status="completed",
                ),
            )
            await wait_until(lambda: follower.screen.event_names[-1] == "batch_changed")
            fresh = await follower.fresh(live.url)

    assert follower.headers["content-type"] == "text/event-stream"
    assert follower.headers["cache-control"] == "no-store"
    assert follower.headers["x-accel-buffering"] == "no"
    assert follower.screen.event_names == ["snapshot", "activity", "batch_changed"]
    assert follower.screen.batches == fresh


async def test_the_stream_of_a_batch_contains_no_name_of_a_pupil(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(tmp_path, platform, redis_url) as live:
        follower = live.follower(path=f"{EVENTS}?batch_id={BATCH}")
        async with following(follower):
            await wait_until(lambda: follower.screen.batches)
            whole = json.loads(WHOLE_BATCH) | {"essay_count": 3}
            platform.ras.on(
                f"/internal/v1/batches/{BATCH}/status", Reply(body=json.dumps(whole).encode())
            )
            await wait_until(lambda: "batch_changed" in follower.screen.event_names)
        keys = [key async for key in live.redis.scan_iter("live:*")]
        stored = [await live.redis.dump(key) for key in keys]

    assert follower.screen.batches is not None
    detail = follower.screen.batches[BATCH]
    assert detail["completed_essays"] == 2
    assert isinstance(detail["essays"], dict)
    assert stored
    assert "Maja" not in json.dumps(follower.screen.data)
    assert not any(b"Maja" in (one or b"") or b"Lindqvist" in (one or b"") for one in stored)


async def test_errors_are_sent_before_the_stream(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    platform.ras.on(
        "/internal/v1/batches/00000000-0000-4000-8000-000000000001/status",
        Reply(404, b'{"error":"Batch not found"}'),
    )
    async with live_process(tmp_path, platform, redis_url) as live:
        foreign = await live.error_response(f"{EVENTS}?batch_id={BATCH}", user="somebody-else")
        unknown = await live.error_response(
            f"{EVENTS}?batch_id=00000000-0000-4000-8000-000000000001"
        )
        malformed = await live.error_response(f"{EVENTS}?batch_id=x")
        platform.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(500))
        broken = await live.error_response()
        head = await live.session.head(live.url + EVENTS, headers=live.follower().token())

    assert [one[:2] for one in (foreign, unknown, malformed, broken)] == [
        (403, "AUTHORIZATION_ERROR"),
        (404, "RESOURCE_NOT_FOUND"),
        (400, "VALIDATION_ERROR"),
        (502, "EXTERNAL_SERVICE_ERROR"),
    ]
    assert head.status == 405


async def test_streams_beyond_the_limit_are_refused_and_slots_are_freed(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(
        tmp_path, platform, redis_url, LIVE__PER_USER="2", MAX_IN_FLIGHT="1"
    ) as live:
        two = [live.follower(), live.follower()]
        async with following(*two):
            await wait_until(lambda: all(follower.screen.batches for follower in two))
            status, code, headers = await live.error_response()
        await asyncio.sleep(0.5)
        open_after = await live.metric("bff_teacher_live_streams_open")

    assert (status, code) == (429, "RATE_LIMIT")
    assert int(headers["Retry-After"]) >= 1
    assert open_after == 0


async def test_without_redis_screens_work_and_streams_are_503(
    tmp_path: Path, platform: StubPlatform
) -> None:
    async with live_process(tmp_path, platform, None) as live:
        status, code, headers = await live.error_response()
        fresh = await live.follower().fresh(live.url)

    assert (status, code) == (503, "SERVICE_UNAVAILABLE")
    assert int(headers["Retry-After"]) >= 1
    assert list(fresh) == [batch_id(1)]


async def test_sigterm_ends_streams_at_once_through_the_gateway_too(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(tmp_path, platform, redis_url) as live:
        with gateway(tmp_path, {"BFF_TEACHER_URL": live.url}) as through:
            direct = live.follower()
            relayed = StreamFollower(
                live.session, [f"http://127.0.0.1:{through.port}"], path="/bff/v1/teacher/events"
            )
            streams = [asyncio.create_task(follower.once()) for follower in (direct, relayed)]
            await wait_until(lambda: direct.screen.batches and relayed.screen.batches)
            began = time.monotonic()
            live.running.process.send_signal(signal.SIGTERM)
            await wait_until(lambda: all(stream.done() for stream in streams), GRACE - 5)
            code = await asyncio.to_thread(live.running.process.wait, GRACE)
            took = time.monotonic() - began

    assert [follower.screen.end_reason for follower in (direct, relayed)] == [
        "shutdown",
        "shutdown",
    ]
    assert code == 0
    # What is still in flight would have the whole grace.
    assert took < GRACE - 5


async def test_a_stream_ends_when_its_token_expires(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(tmp_path, platform, redis_url) as live:
        follower = live.follower(expires=int(time.time()) + 4)
        async with asyncio.timeout(10):
            await follower.once()

    assert follower.screen.end_reason == "token_expired"


async def test_a_client_that_stops_reading_is_cut_and_others_continue(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with live_process(tmp_path, platform, redis_url, LIVE__WRITE_SECONDS="1.5") as live:
        quick = live.follower()
        authorization = quick.token()["Authorization"]
        reader, writer = await asyncio.open_connection("127.0.0.1", live.running.port, limit=1024)
        writer.write(
            f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode()
        )
        async with following(quick):
            await wait_until(lambda: quick.screen.batches)
            long = "x" * 400_000
            ended, number = 0.0, 0
            while not ended and number < 60:
                number += 1
                live.batches.put(1, assignment_id=f"{long}{number}")
                await live.redis.publish(f"ws:{TEACHER}", message("something_new", n=number))
                await asyncio.sleep(0.3)
                ended = await live.metric('bff_teacher_live_streams_ended_total{reason="stuck"}')
            live.batches.put(1, assignment_id="short")
            await wait_until(lambda: "short" in json.dumps(quick.screen.batches))
        writer.close()

    assert ended == 1
    assert (
        quick.screen.event_names.count("resync") == quick.screen.event_names.count("snapshot") - 1
    )
    del reader
