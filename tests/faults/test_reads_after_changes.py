"""Screens asked after an event of a stream, or after a write, are never older than it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis

from bff_core.clock import SystemClock
from bff_core.testing import Reply, access_token, bearer
from tests.faults.conftest import Screens
from tests.faults.live_clients import StreamFollower, following, message, wait_until
from tests.faults.live_process import EVENTS
from tests.faults.multipart_bodies import CONTENT_TYPE, TEXT, UPLOAD, form, requests_with_files
from tests.faults.platform_answers import (
    BATCH,
    CLASS,
    ESSAY,
    ESSAY_ROW,
    MAJA,
    ROW,
    SECOND,
    TEACHER,
    batch_page,
    whole_batch,
)
from tests.faults.review_answers import NOT_BEGUN, put_before_files, put_in_review
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller, teacher_process

THIRD = f"{ESSAY[:-2]}03"
BATCH_PATH = f"/v1/teacher/batches/{BATCH}"
FILES_PATH = f"{BATCH_PATH}/files"
CONFIRM_PATH = f"{BATCH_PATH}/associations/confirm"
RAS_BATCH = f"/internal/v1/batches/{BATCH}/status"
DECISIONS = {"decisions": [{"essay_id": ESSAY, "student_id": MAJA}]}
DASHBOARDS = ("/v1/teacher/dashboard", "/v1/teacher/dashboard?limit=50")
# Whatever is read once would be shown for ten minutes, unless it is dropped.
LONG_CACHES = {
    f"{operation}__MAX_AGE": "600"
    for operation in (
        "RAS__USER_LIST",
        "RAS__CLASS_ACTIVITY",
        "RAS__ONE_BATCH",
        "CMS__CLASS_INFO",
        "CMS__STUDENT_NAMES",
        "FILES__STATE",
    )
}
# Only messages make a stream read; without heartbeats, a follower would connect again and read.
NO_TIMED_READS = {
    "LIVE__POLL": "600",
    "LIVE__ACTIVE_POLL": "600",
    "LIVE__REREADS": "300",
    "LIVE__HEARTBEAT": "1",
}
TIMED_READS = {"LIVE__POLL": "5", "LIVE__ACTIVE_POLL": "1"}


def change_the_class(platform: StubPlatform | Screens) -> None:
    """CMS gives the batch another class, and its essay another student's name."""
    info = {BATCH: {"class_id": CLASS, "class_name": "SA2C"}}
    names = [
        {
            "essay_id": ESSAY,
            "student_id": MAJA,
            "student_person_name": {"first_name": "Mia", "last_name": "Lindqvist"},
        }
    ]
    cms = platform.cms
    cms.on("/internal/v1/batches/class-info", Reply(body=json.dumps(info).encode()))
    path = f"/internal/v1/batches/{BATCH}/student-names"
    cms.on(path, Reply(body=json.dumps(names).encode()))


def names_in(detail: dict[str, Any]) -> tuple[str, str]:
    [essay] = [one for one in detail["essays"] if one["essay_id"] == ESSAY]
    return detail["class_name"], essay["student"]["first_name"]


@dataclass
class Replicas:
    """Two processes of the BFF with long caches over one Redis."""

    platform: StubPlatform
    callers: list[Caller]
    redis: Redis

    @property
    def session(self) -> aiohttp.ClientSession:
        return self.callers[0].session

    def follower(self, path: str) -> StreamFollower:
        """A front end that follows the first replica."""
        return StreamFollower(self.session, [self.callers[0].url], path=path)

    async def notify(self) -> None:
        data = {"batch_id": BATCH, "phase": "spellcheck", "status": "completed"}
        await self.redis.publish(f"ws:{TEACHER}", message("batch_phase_concluded", **data))

    async def confirm(self) -> int:
        """Confirm at the first replica."""
        token = bearer(access_token(TEACHER, now=SystemClock().now()))
        url, headers = self.callers[0].url + CONFIRM_PATH, {"Authorization": token}
        async with self.session.post(url, json=DECISIONS, headers=headers) as response:
            return response.status

    def reads(self, path: str) -> int:
        return sum(one.path == path for one in self.platform.ras.requests)


@pytest.fixture
async def replicas(
    tmp_path: Path, platform: StubPlatform, redis_url: str, request: pytest.FixtureRequest
) -> AsyncIterator[Replicas]:
    """A parameter replaces the settings without timed reads."""
    live: dict[str, str] = getattr(request, "param", NO_TIMED_READS)
    urls = platform.urls | {"REDIS_URL": redis_url}
    ledger = {"LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.sqlite3'}", "SHUTDOWN_DELAY": "0"}
    redis = Redis.from_url(redis_url)
    await redis.flushdb()
    async with aiohttp.ClientSession() as session:
        with ExitStack() as stack:
            callers = []
            for number in range(2):
                folder = tmp_path / str(number)
                folder.mkdir()
                settings = ledger | LONG_CACHES | live
                running = stack.enter_context(teacher_process(folder, urls, **settings))
                callers.append(Caller(session, f"http://127.0.0.1:{running.port}"))
            yield Replicas(platform, callers, redis)
    await redis.aclose()


async def test_a_batch_asked_after_an_event_has_what_the_event_named(replicas: Replicas) -> None:
    platform = replicas.platform
    follower = replicas.follower(f"{EVENTS}?batch_id={BATCH}")
    async with following(follower):
        await wait_until(lambda: follower.screen.batches)
        before = [await caller.get(BATCH_PATH) for caller in replicas.callers]
        essays = [ESSAY_ROW | {"essay_id": one} for one in (ESSAY, SECOND, THIRD)]
        platform.ras.on(RAS_BATCH, Reply(body=whole_batch(*essays)))
        reads = replicas.reads(RAS_BATCH)
        await replicas.notify()
        await wait_until(lambda: THIRD in json.dumps(follower.screen.data))

        after = [await caller.get(BATCH_PATH) for caller in replicas.callers]

    assert [len(body["essays"]) for _, body, _ in before] == [2, 2]
    assert [len(body["essays"]) for _, body, _ in after] == [3, 3]
    # The stream's own read serves the screens of its replica, too.
    assert replicas.reads(RAS_BATCH) - reads == 2


@pytest.mark.parametrize("replicas", [NO_TIMED_READS, TIMED_READS], indirect=True)
async def test_lists_asked_after_an_event_are_as_new_whatever_their_page(
    replicas: Replicas, request: pytest.FixtureRequest
) -> None:
    """Also where the stream finds the change by itself, and no message drops older reads."""
    follower = replicas.follower(EVENTS)
    async with following(follower):
        await wait_until(lambda: follower.screen.batches)
        for caller in replicas.callers:
            for path in (*DASHBOARDS, BATCH_PATH):
                await caller.get(path)
        new = {"completed_essay_count": 2, "failed_essay_count": 0}
        page = batch_page(ROW | new)
        replicas.platform.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=page))
        replicas.platform.ras.on(RAS_BATCH, Reply(body=whole_batch(ESSAY_ROW, **new)))
        if "LIVE__REREADS" in request.node.callspec.params["replicas"]:
            await replicas.notify()
        await wait_until(lambda: "batch_changed" in follower.screen.event_names)

        lists = [await one.get(path) for one in replicas.callers for path in DASHBOARDS]
        batches = [await one.get(BATCH_PATH) for one in replicas.callers]

    assert [body["batches"][0]["completed_essays"] for _, body, _ in lists] == [2] * 4
    assert [body["completed_essays"] for _, body, _ in batches] == [2, 2]


async def test_a_confirmation_at_one_replica_is_seen_at_the_other(replicas: Replicas) -> None:
    put_in_review(replicas.platform)
    for caller in replicas.callers:
        _, before, _ = await caller.get(BATCH_PATH)
        assert names_in(before) == ("SA1B", "Maja")
    change_the_class(replicas.platform)

    status = await replicas.confirm()

    assert status == 200
    for caller in replicas.callers:
        _, after, _ = await caller.get(BATCH_PATH)
        assert names_in(after) == ("SA2C", "Mia")


async def send_files_and_hang_up(replicas: Replicas) -> None:
    """Send a file to the first replica, and leave while the file service takes it."""
    platform, sender = replicas.platform, replicas.callers[0]
    platform.files.on(UPLOAD, Reply(hang=True))
    token = bearer(access_token(TEACHER, now=SystemClock().now()))
    headers = {"Authorization": token, "Content-Type": CONTENT_TYPE}
    body = form((str(ESSAY_ROW["filename"]), b"PK\x03\x04" + TEXT))
    sending = asyncio.create_task(
        sender.session.post(f"{sender.url}{FILES_PATH}", data=body, headers=headers)
    )
    try:
        await wait_until(lambda: requests_with_files(platform), 30.0)
        platform.ras.on(RAS_BATCH, Reply(body=whole_batch(ESSAY_ROW, **NOT_BEGUN)))
    finally:
        sending.cancel()
        await asyncio.wait([sending])


async def test_files_whose_sender_hung_up_are_read_again_everywhere(replicas: Replicas) -> None:
    put_before_files(replicas.platform)
    follower = replicas.follower(f"{EVENTS}?batch_id={BATCH}")
    async with following(follower):
        await wait_until(lambda: follower.screen.batches)
        for caller in replicas.callers:
            _, before, _ = await caller.get(BATCH_PATH)
            assert before["essays"] == []

        await send_files_and_hang_up(replicas)

        await wait_until(lambda: ESSAY in json.dumps(follower.screen.data), 30.0)
        after = [(await caller.get(BATCH_PATH))[1] for caller in replicas.callers]
    assert [len(body["essays"]) for body in after] == [1, 1]


async def test_a_file_whose_sender_hung_up_is_listed_as_unknown_until_it_is_found(
    replicas: Replicas,
) -> None:
    put_before_files(replicas.platform)
    other = replicas.callers[1]

    async def listed() -> list[str]:
        _, body, _ = await other.get(FILES_PATH)
        return [one["status"] for one in body["files"]]

    await send_files_and_hang_up(replicas)
    found = await listed()
    put_before_files(replicas.platform)
    async with asyncio.timeout(30):
        while (lost := await listed()) == ["sent"]:
            await asyncio.sleep(0.05)

    assert (found, lost) == (["stored"], ["unknown"])


async def test_after_a_confirmation_class_and_students_are_read_again(screens: Screens) -> None:
    put_in_review(screens)
    _, before, _ = await screens.get(BATCH_PATH)
    _, listed, _ = await screens.get("/v1/teacher/dashboard")
    _, essay, _ = await screens.get(f"{BATCH_PATH}/essays/{ESSAY}")
    change_the_class(screens)
    path = f"/internal/v1/associations/essay/{ESSAY}"
    screens.cms.on(path, Reply(404, b'{"error":{"message":"no association"}}'))

    status, _, _ = await screens.post(CONFIRM_PATH, DECISIONS)

    _, after, _ = await screens.get(BATCH_PATH)
    _, listed_after, _ = await screens.get("/v1/teacher/dashboard")
    _, essay_after, _ = await screens.get(f"{BATCH_PATH}/essays/{ESSAY}")
    assert (status, names_in(before), names_in(after)) == (200, ("SA1B", "Maja"), ("SA2C", "Mia"))
    classes = [one["batches"][0]["class_name"] for one in (listed, listed_after)]
    assert classes == ["SA1B", "SA2C"]
    assert essay["student"]["first_name"] == "Maja"
    assert essay_after["student"] is None


async def test_a_confirmation_of_unknown_outcome_is_read_again_too(screens: Screens) -> None:
    put_in_review(screens)
    await screens.get(BATCH_PATH)
    change_the_class(screens)
    screens.cms.on(f"/v1/batches/{BATCH}/student-associations/confirm", Reply(500))

    status, _, _ = await screens.post(CONFIRM_PATH, DECISIONS)

    _, after, _ = await screens.get(BATCH_PATH)
    assert (status, names_in(after)) == (502, ("SA2C", "Mia"))
