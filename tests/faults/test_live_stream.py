"""The event stream of one process, over real sockets: its head, its refusals, its limits, its end."""

import asyncio
import json
import signal
import time
from pathlib import Path

from bff_core.testing import Reply
from tests.e2e.attack.process import gateway
from tests.faults.live_kit import Follower, batch_id, following, message, until
from tests.faults.live_stage import EVENTS, stage
from tests.faults.platform_answers import BATCH, TEACHER, WHOLE_BATCH
from tests.faults.stub_platform import StubPlatform


async def test_a_stream_begins_at_once_and_moves(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url, LIVE__POLL="60") as on:
        one = on.follower()
        async with following(one):
            await until(lambda: one.copy.batches)
            on.teaching.put(1, completed_essay_count=2)
            began = time.monotonic()
            await on.redis.publish(
                f"ws:{TEACHER}",
                message(
                    "batch_phase_concluded",
                    batch_id=batch_id(1),
                    phase="spellcheck",
                    status="completed",
                ),
            )
            await until(lambda: one.copy.words[-1] == "batch_changed")
            took = time.monotonic() - began
            fresh = await one.fresh(on.url)

    assert one.headers["content-type"] == "text/event-stream"
    assert one.headers["cache-control"] == "no-store"
    assert one.headers["x-accel-buffering"] == "no"
    assert one.copy.words == ["snapshot", "activity", "batch_changed"]
    assert one.copy.batches == fresh
    assert took < 2.0


async def test_a_batch_of_its_own_has_no_name_of_a_pupil(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url) as on:
        one = on.follower(path=f"{EVENTS}?batch_id={BATCH}")
        async with following(one):
            await until(lambda: one.copy.batches)
            whole = json.loads(WHOLE_BATCH) | {"completed_essay_count": 0}
            platform.ras.on(
                f"/internal/v1/batches/{BATCH}/status", Reply(body=json.dumps(whole).encode())
            )
            await until(lambda: "batch_changed" in one.copy.words)
        keys = [key async for key in on.redis.scan_iter("live:*")]
        kept = [await on.redis.dump(key) for key in keys]

    assert one.copy.batches is not None
    detail = one.copy.batches[BATCH]
    assert detail["completed_essays"] == 0
    assert isinstance(detail["essays"], dict)
    assert kept
    assert "Maja" not in json.dumps(one.copy.told)
    assert not any(b"Maja" in (one or b"") or b"Lindqvist" in (one or b"") for one in kept)


async def test_refusals_come_before_the_stream(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    platform.ras.on(
        "/internal/v1/batches/00000000-0000-4000-8000-000000000001/status",
        Reply(404, b'{"error":"Batch not found"}'),
    )
    async with stage(tmp_path, platform, redis_url) as on:
        foreign = await on.refusal(f"{EVENTS}?batch_id={BATCH}", user="somebody-else")
        unknown = await on.refusal(f"{EVENTS}?batch_id=00000000-0000-4000-8000-000000000001")
        crooked = await on.refusal(f"{EVENTS}?batch_id=x")
        platform.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(500))
        broken = await on.refusal()
        head = await on.session.head(on.url + EVENTS, headers=on.follower().token())

    assert [one[:2] for one in (foreign, unknown, crooked, broken)] == [
        (403, "AUTHORIZATION_ERROR"),
        (404, "RESOURCE_NOT_FOUND"),
        (400, "VALIDATION_ERROR"),
        (502, "EXTERNAL_SERVICE_ERROR"),
    ]
    assert head.status == 405


async def test_too_many_streams_are_refused_and_places_come_back(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url, LIVE__PER_USER="2", MAX_IN_FLIGHT="1") as on:
        two = [on.follower(), on.follower()]
        async with following(*two):
            await until(lambda: all(one.copy.batches for one in two))
            status, code, headers = await on.refusal()
        await asyncio.sleep(0.5)
        open_after = await on.metric("bff_teacher_live_streams_open")

    assert (status, code) == (429, "RATE_LIMIT")
    assert int(headers["Retry-After"]) >= 1
    assert open_after == 0


async def test_without_redis_the_screens_work_and_events_are_503(
    tmp_path: Path, platform: StubPlatform
) -> None:
    async with stage(tmp_path, platform, None) as on:
        status, code, headers = await on.refusal()
        fresh = await on.follower().fresh(on.url)

    assert (status, code) == (503, "SERVICE_UNAVAILABLE")
    assert int(headers["Retry-After"]) >= 1
    assert list(fresh) == [batch_id(1)]


async def test_told_to_stop_it_ends_streams_at_once_and_the_gateway_s_with_them(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url) as on:
        with gateway(tmp_path, {"BFF_TEACHER_URL": on.url}) as through:
            direct = on.follower()
            relayed = Follower(
                on.session, [f"http://127.0.0.1:{through.port}"], path="/bff/v1/teacher/events"
            )
            streams = [asyncio.create_task(one.once()) for one in (direct, relayed)]
            await until(lambda: direct.copy.batches and relayed.copy.batches)
            began = time.monotonic()
            on.running.process.send_signal(signal.SIGTERM)
            await until(lambda: all(stream.done() for stream in streams), 5)
            code = await asyncio.to_thread(on.running.process.wait, 10)
            took = time.monotonic() - began

    assert [one.copy.ended for one in (direct, relayed)] == ["shutdown", "shutdown"]
    assert code == 0
    assert took < 5.0


async def test_a_stream_ends_when_its_token_does(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url) as on:
        one = on.follower(expires=int(time.time()) + 4)
        async with asyncio.timeout(10):
            await one.once()

    assert one.copy.ended == "token_expired"


async def test_a_reader_that_stops_reading_is_cut_and_others_go_on(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url, LIVE__WRITE_SECONDS="1.5") as on:
        quick = on.follower()
        authorization = quick.token()["Authorization"]
        reader, writer = await asyncio.open_connection("127.0.0.1", on.running.port, limit=1024)
        writer.write(
            f"GET {EVENTS} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode()
        )
        async with following(quick):
            await until(lambda: quick.copy.batches)
            long = "x" * 400_000
            ended, number = 0.0, 0
            while not ended and number < 60:
                number += 1
                on.teaching.put(1, assignment_id=f"{long}{number}")
                await on.redis.publish(f"ws:{TEACHER}", message("something_new", n=number))
                await asyncio.sleep(0.3)
                ended = await on.metric('bff_teacher_live_streams_ended_total{reason="stuck"}')
            on.teaching.put(1, assignment_id="short")
            await until(lambda: "short" in json.dumps(quick.copy.batches))
        writer.close()

    assert ended == 1
    assert quick.copy.words.count("resync") == quick.copy.words.count("snapshot") - 1
    del reader
