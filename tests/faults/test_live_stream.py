"""The event stream of one process, over real sockets: its head, its refusals, its limits, its end."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis

from bff_core.testing import Reply
from tests import local_servers
from tests.e2e.attack.process import gateway
from tests.faults.live_kit import QUICK, Follower, Teaching, batch_id, following, message, until
from tests.faults.platform_answers import BATCH, TEACHER, WHOLE_BATCH
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import teacher_process
from tests.faults.tiny_process import Running

EVENTS = "/v1/teacher/events"


@dataclass
class Stage:
    running: Running
    session: aiohttp.ClientSession
    teaching: Teaching
    redis: Redis

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.running.port}"

    def follower(self, **more: object) -> Follower:
        return Follower(self.session, [self.url], **more)  # type: ignore[arg-type]

    async def refusal(self, path: str = EVENTS, **more: object) -> tuple[int, str, dict[str, str]]:
        one = self.follower(**more)
        async with self.session.get(self.url + path, headers=one.token()) as answer:
            body = await answer.json()
            return answer.status, body["error"]["code"], dict(answer.headers)

    async def metric(self, name: str) -> float:
        async with self.session.get(f"{self.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


@asynccontextmanager
async def stage(
    folder: Path, platform: StubPlatform, redis_url: str | None, **more: str
) -> AsyncIterator[Stage]:
    urls = platform.urls | ({"REDIS_URL": redis_url} if redis_url else {})
    ledger = {"LEDGER_URL": f"sqlite:///{folder / 'ledger.sqlite3'}"}
    redis = Redis.from_url(redis_url or "redis://127.0.0.1:9/0")
    await redis.flushdb() if redis_url else None
    teaching = Teaching(platform)
    teaching.put(1)
    async with aiohttp.ClientSession() as session:
        with teacher_process(folder, urls, **(QUICK | ledger | more)) as running:
            yield Stage(running, session, teaching, redis)
    await redis.aclose()


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


@pytest.mark.redis
async def test_redis_away_and_back_is_a_new_epoch_without_a_lie(
    tmp_path: Path, platform: StubPlatform
) -> None:
    port = local_servers.free_port()
    url = f"redis://127.0.0.1:{port}/0"
    with local_servers.running_redis(tmp_path, port, end=signal.SIGKILL):
        context = stage(tmp_path, platform, url)
        on = await context.__aenter__()
        one = on.follower()
        task = asyncio.create_task(one.follow())
        await until(lambda: one.copy.batches)
    try:
        on.teaching.put(2)
        await until(lambda: 503 in one.statuses)
        while_away = await one.fresh(on.url)
        with local_servers.running_redis(tmp_path, port):
            await until(lambda: one.copy.words[-2:] == ["resync", "snapshot"])
            back = one.copy.batches
            task.cancel()
            await asyncio.wait([task])
    finally:
        await context.__aexit__(None, None, None)

    assert "Retry-After" in {name.title() for name in one.headers} or 503 in one.statuses
    assert one.copy.told[-2] == {"reason": "epoch"}
    assert back == while_away
    assert set(while_away) == {batch_id(1), batch_id(2)}


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
            async with asyncio.timeout(5):
                for stream in streams:
                    await stream
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
            ended = 0.0
            for number in range(60):
                on.teaching.put(1, assignment_id=f"{long}{number}")
                await on.redis.publish(f"ws:{TEACHER}", message("something_new", n=number))
                await asyncio.sleep(0.3)
                ended = await on.metric('bff_teacher_live_streams_ended_total{reason="stuck"}')
                if ended:
                    break
            on.teaching.put(1, assignment_id="short")
            await until(lambda: "short" in json.dumps(quick.copy.batches))
        writer.close()

    assert ended == 1
    assert quick.copy.words.count("resync") == quick.copy.words.count("snapshot") - 1
    del reader


async def test_nobody_is_read_for_who_does_not_watch(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url) as on:
        one = on.follower()
        async with following(one):
            await until(lambda: one.copy.batches)
        await asyncio.sleep(1)
        before = on.teaching.reads
        for number in range(50):
            await on.redis.publish(f"ws:{TEACHER}", message("class_created", n=number))
            await on.redis.publish("ws:erik-1", message("class_created", n=number))
        await asyncio.sleep(4)

    assert on.teaching.reads == before


async def test_a_burst_is_one_read_and_pace_is_kept(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    async with stage(tmp_path, platform, redis_url, LIVE__POLL="60", LIVE__REREADS="30") as on:
        one = on.follower()
        async with following(one):
            await until(lambda: one.copy.batches)
            await asyncio.sleep(1.2)
            before = on.teaching.reads
            for number in range(100):
                await on.redis.publish(f"ws:{TEACHER}", message("class_created", n=number))
            await asyncio.sleep(1)
            burst = on.teaching.reads - before
            for number in range(60):
                await on.redis.publish(f"ws:{TEACHER}", message("class_created", m=number))
                await asyncio.sleep(0.05)
            steady = on.teaching.reads - before - burst

    assert burst == 1
    assert 2 <= steady <= 4
