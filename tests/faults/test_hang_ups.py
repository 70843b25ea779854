"""Callers that go away, and calls that must not outlive the answer, on real sockets."""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from bff_core.clock import SystemClock
from bff_core.server.run import HEAD_SECONDS
from bff_core.testing import Reply, access_token, bearer
from tests.faults.platform_answers import BATCH, CONFIRMED, ESSAY, MAJA, REVIEW_PATH, TEACHER
from tests.faults.review_answers import put_in_review
from tests.faults.stub_platform import StubPlatform, stub_platform
from tests.faults.teacher_process import Caller, teacher_process
from tests.faults.tiny_process import ENGINES, Running, read_answer, request

CALLERS = 20
CALLS = 4
"""Of a dashboard whose services hang: two to RAS, one to CMS, one to Entitlements."""
DASHBOARD = "/v1/teacher/dashboard"
CONFIRM_PATH = f"/v1/teacher/batches/{BATCH}/associations/confirm"
CONFIRM = f"{REVIEW_PATH}/confirm"
BODY = {"decisions": [{"essay_id": ESSAY, "student_id": MAJA}], "force": False}
LEDGER = "ledger.sqlite3"
# Long enough that nothing ends by itself while a test looks.
LONG = {
    "REQUEST_BUDGET": "30",
    "RAS__USER_LIST__BUDGET": "30",
    "RAS__CLASS_ACTIVITY__BUDGET": "30",
    "CMS__CLASS_LIST__BUDGET": "30",
    "CMS__CLASS_INFO__BUDGET": "30",
    "ENTITLEMENTS__BALANCE__BUDGET": "30",
    "ENTITLEMENTS__BALANCE__IN_FLIGHT": "32",
}


@dataclass(frozen=True)
class Scene:
    platform: StubPlatform
    process: Running
    caller: Caller

    @property
    def waiting(self) -> int:
        services = (self.platform.ras, self.platform.cms, self.platform.entitlements)
        return sum(one.open_connections for one in services)


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def scene(tmp_path: Path, engine: str) -> AsyncIterator[Scene]:
    async with stub_platform() as platform, aiohttp.ClientSession() as session:
        ledger = f"sqlite:///{tmp_path / LEDGER}"
        settings = LONG | {"LEDGER_URL": ledger, "SERVER": engine}
        with teacher_process(tmp_path, platform.urls, **settings) as process:
            yield Scene(platform, process, Caller(session, f"http://127.0.0.1:{process.port}"))


async def until(claim: Callable[[], object], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not claim():
            await asyncio.sleep(0.005)


def confirmations(platform: StubPlatform) -> int:
    return sum(one.path == CONFIRM for one in platform.cms.requests)


def asking(user: str) -> bytes:
    token = bearer(access_token(user, now=SystemClock().now()))
    return request(f"GET {DASHBOARD}", f"Authorization: {token}")


GAUGES = (
    "bff_teacher_asyncio_tasks",
    "process_open_fds",
    "bff_teacher_http_requests_in_flight",
)


async def settled(scene: Scene, wanted: list[float], seconds: float = 5.0) -> dict[str, float]:
    """Metrics once the process has closed its side as well, or as they are after `seconds`."""
    until = time.monotonic() + seconds
    while True:
        seen = await scene.caller.metrics()
        if [seen[name] for name in GAUGES] == wanted or time.monotonic() > until:
            return seen
        await asyncio.sleep(0.05)


async def test_callers_who_hang_up_leave_nothing_behind(scene: Scene) -> None:
    users = [f"teacher-{number}" for number in range(CALLERS)]
    for user in users:
        scene.platform.ras.on(f"/internal/v1/batches/user/{user}", Reply(hang=True))
        scene.platform.entitlements.on(f"/v1/entitlements/balance/{user}", Reply(hang=True))
    scene.platform.cms.on("/v1/classes/", Reply(hang=True))
    # The first one makes what a process opens once and keeps.
    _, writer = await scene.process.connect(asking(users[0]))
    await until(lambda: scene.waiting >= CALLS)
    writer.close()
    await until(lambda: not scene.waiting)
    before = await scene.caller.metrics()

    callers = [(await scene.process.connect(asking(user)))[1] for user in users]
    await until(lambda: scene.waiting >= CALLS * CALLERS)
    during = await scene.caller.metrics()
    for writer in callers:
        writer.close()
    await until(lambda: not scene.waiting)

    untouched = [before[name] for name in GAUGES]
    after = await settled(scene, untouched)
    assert [after[name] for name in GAUGES] == untouched
    assert during[GAUGES[0]] > before[GAUGES[0]] + CALLERS
    outcomes = {name for name in after if name.startswith("bff_teacher_downstream_calls_total")}
    assert {"cancelled" in name for name in outcomes} == {True}
    assert after['bff_teacher_circuit_breaker_state{operation="all",service="ras"}'] == 0


async def test_a_confirmation_is_recorded_though_its_caller_hangs_up(scene: Scene) -> None:
    scene.platform.cms.on(CONFIRM, Reply(body=CONFIRMED, delay=0.5))

    await confirm_and_hang_up(scene)
    async with asyncio.timeout(30):
        while (again := await scene.caller.post(CONFIRM_PATH, BODY))[0] == 409:
            assert again[1]["error"]["details"]["reason"] == "in_progress"
            await asyncio.sleep(0.05)

    assert (again[0], again[2].get("idempotent-replay")) == (200, "true")
    assert confirmations(scene.platform) == 1


async def confirm_and_hang_up(scene: Scene) -> None:
    """Confirm matches, and leave while CMS works on it."""
    put_in_review(scene.platform)
    body = json.dumps(BODY).encode()
    token = bearer(access_token(TEACHER, now=SystemClock().now()))
    head = (f"Authorization: {token}", "Content-Type: application/json")
    sent = request(f"POST {CONFIRM_PATH}", *head, f"Content-Length: {len(body)}", body=body)
    _, writer = await scene.process.connect(sent)
    await until(lambda: confirmations(scene.platform))
    writer.close()


def recorded(ledger: Path) -> list[str]:
    """Outcomes of the confirmations in the database."""
    with closing(sqlite3.connect(ledger)) as database:
        rows = database.execute("SELECT outcome FROM bff_teacher_confirmation_attempts")
        return [str(outcome) for (outcome,) in rows]


async def test_a_process_that_stops_waits_for_a_write_without_caller(
    scene: Scene, tmp_path: Path
) -> None:
    scene.platform.cms.on(CONFIRM, Reply(body=CONFIRMED, delay=2.0))

    await confirm_and_hang_up(scene)
    code = await asyncio.to_thread(scene.process.end)

    assert (code, recorded(tmp_path / LEDGER)) == (0, ["confirmed"])


async def test_a_process_that_stops_waits_no_longer_than_its_grace_period(
    tmp_path: Path, engine: str
) -> None:
    settings = LONG | {"SERVER": engine, "SHUTDOWN_GRACE": "1", "CONFIRM_BUDGET": "60"}
    settings |= {"CMS__CONFIRM__BUDGET": "50", "LEDGER_URL": f"sqlite:///{tmp_path / LEDGER}"}
    async with stub_platform() as platform, aiohttp.ClientSession() as session:
        urls = platform.urls | {"LOG_LEVEL": "WARNING"}
        with teacher_process(tmp_path, urls, **settings) as process:
            scene = Scene(platform, process, Caller(session, f"http://127.0.0.1:{process.port}"))
            platform.cms.on(CONFIRM, Reply(hang=True))

            await confirm_and_hang_up(scene)
            code = await asyncio.to_thread(process.end)

    cut_off = [one["writes"] for one in process.lines() if one["event"] == "writes_cut_off"]
    assert (code, cut_off) == (0, [1])
    assert recorded(tmp_path / LEDGER) == ["started"]


async def test_no_call_outlives_the_answer(scene: Scene) -> None:
    scene.platform.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(500, delay=0.3))
    scene.platform.cms.on("/v1/classes/", Reply(hang=True))

    status, _, _ = await scene.caller.get(DASHBOARD)
    answered = time.monotonic()
    await until(lambda: not scene.platform.cms.open_connections)

    assert status == 502
    # By itself it would end after its budget of thirty seconds.
    assert time.monotonic() - answered < 10.0
    assert scene.platform.cms.hung_up == 1


async def test_a_connection_ends_when_its_caller_closes_it(scene: Scene, engine: str) -> None:
    """Hypercorn holds an idle connection for its keep-alive time, even when the caller has gone."""
    held_for = HEAD_SECONDS if engine == "hypercorn" else 0
    before = await scene.caller.metrics()
    open_now = [await scene.process.connect(request("GET /healthz")) for _ in range(CALLERS)]
    for reader, writer in open_now:
        await read_answer(reader)
        writer.close()

    after = await settled(scene, [before[name] for name in GAUGES], held_for + 5.0)

    assert after["process_open_fds"] <= before["process_open_fds"]
    # The poll of the switches may have been under way before.
    assert after["bff_teacher_asyncio_tasks"] <= before["bff_teacher_asyncio_tasks"]
