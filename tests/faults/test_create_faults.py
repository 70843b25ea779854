"""A submission makes one batch: with two replicas, and with a death at every step."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bff_core.clock import SystemClock
from bff_core.testing import Reply
from tests.faults.conftest import Answer, OpenReplica, Screens
from tests.faults.platform_answers import CLASS, NEW_BATCH, ROW, TEACHER, batch_page, whole_batch
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller, teacher_process

PATH = "/v1/teacher/batches"
REGISTER = "/v1/batches/register"
GUEST = {"course_code": "SV1", "expected_essay_count": 25}
BODY = GUEST | {"class_id": CLASS, "title": "Krönikor", "instructions": "Skriv en krönika."}
STORAGE_ID = "5" * 32
PROMPT = {"references": {"student_prompt_text": {"storage_id": STORAGE_ID, "path": ""}}}


def registrations(behind: StubPlatform | Screens) -> list[Any]:
    """Bodies that reached the platform's gateway."""
    return [json.loads(one.body) for one in behind.gateway.requests if one.path == REGISTER]


def ras_lists_the_batch(behind: StubPlatform) -> None:
    created_at = SystemClock().now().replace(tzinfo=None).isoformat()
    row = {
        "batch_id": NEW_BATCH,
        "user_id": TEACHER,
        "overall_status": "pending_content",
        "essay_count": 25,
        "created_at": created_at,
        "processing_completed_at": None,
    }
    behind.ras.on(f"/internal/v1/batches/user/{TEACHER}", Reply(body=batch_page(ROW | row)))
    path = f"/internal/v1/batches/{NEW_BATCH}/status"
    behind.ras.on(path, Reply(body=whole_batch(**row | {"student_prompt_ref": PROMPT})))


async def test_the_platform_gets_the_teacher_s_token_and_what_it_reads(screens: Screens) -> None:
    status, body, headers = await screens.post(PATH, BODY, Idempotency_Key="k-1")

    assert (status, body["batch"]["batch_id"], body["is_listed"]) == (201, NEW_BATCH, False)
    assert (body["batch"]["title"], body["batch"]["class_name"]) == ("Krönikor", "SA1B")
    assert "idempotent-replay" not in headers
    assert registrations(screens) == [GUEST | {"class_id": CLASS, "student_prompt_ref": PROMPT}]
    [sent] = screens.gateway.requests
    assert sent.headers["authorization"] == screens.authorization
    [text] = [one for one in screens.content.requests if one.method == "POST"]
    assert (text.body.decode(), text.headers["content-type"]) == (
        "Skriv en krönika.",
        "text/plain; charset=utf-8",
    )


@pytest.mark.parametrize("key", [None, "", "a" * 256, "two words", "å"])
async def test_without_a_key_of_its_own_no_submission_passes(
    screens: Screens, key: str | None
) -> None:
    headers = {} if key is None else {"Idempotency_Key": key}

    status, _, _ = await screens.post(PATH, BODY, **headers)

    assert status == (428 if key is None else 400)
    assert (screens.gateway.requests, screens.content.requests) == ([], [])


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"expected_essay_count": 0}, "/expected_essay_count"),
        ({"expected_essay_count": "25"}, "/expected_essay_count"),
        ({"course_code": "FR1"}, "/course_code"),
        ({"class_id": "9A"}, "/class_id"),
        ({"title": " "}, "/title"),
        ({"instructions": "a\0b"}, "/instructions"),
        ({"instructions": "x" * 50_001}, "/instructions"),
        ({"user_id": TEACHER}, "/user_id"),
    ],
)
async def test_what_is_no_batch_is_refused(
    screens: Screens, changes: dict[str, Any], pointer: str
) -> None:
    status, body, _ = await screens.post(PATH, BODY | changes, Idempotency_Key="k-1")

    assert (status, body["error"]["details"]["errors"][0]["pointer"]) == (400, pointer)
    assert (screens.gateway.requests, screens.content.requests) == ([], [])


async def test_another_teacher_s_class_reaches_no_write_route(screens: Screens) -> None:
    foreign = BODY | {"class_id": "00000000-0000-4000-8000-000000000009"}

    status, _, _ = await screens.post(PATH, foreign, Idempotency_Key="k-1")

    assert status == 404
    assert (screens.gateway.requests, screens.content.requests) == ([], [])


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        (Reply(422, b'{"error":{"code":"VALIDATION_ERROR"}}'), "not_sent"),
        (Reply(401, b'{"error":{}}'), "not_sent"),
        (Reply(500, b'{"error":{"details":{"error_type":"ConnectError"}}}'), "not_sent"),
        (Reply(500, b'{"error":{"details":{"error_type":"ReadTimeout"}}}'), "unknown"),
        (Reply(raw=b""), "unknown"),
        (Reply(202, b'{"batch_id":"../x","status":"registered"}'), "unknown"),
        (Reply(202, b"<h1>ok</h1>", {"Content-Type": "text/html"}), "unknown"),
    ],
)
async def test_what_is_known_of_a_failed_registration_is_said(
    screens: Screens, reply: Reply, outcome: str
) -> None:
    screens.gateway.on(REGISTER, reply)

    status, body, _ = await screens.post(PATH, GUEST, Idempotency_Key="k-1")

    assert status in {502, 503}
    assert body["error"]["details"] == {
        "service": "platform_gateway",
        "part": "batch",
        "outcome": outcome,
    }


async def test_replicas_on_one_ledger_make_one_batch(
    open_replica: OpenReplica, platform: StubPlatform, postgres_url: str
) -> None:
    registered = Reply(202, json.dumps({"batch_id": NEW_BATCH, "status": "registered"}).encode())
    platform.gateway.on(REGISTER, Reply(registered.status, registered.body, delay=0.2))
    # Seconds for a busy machine.
    given = {"LEDGER_URL": postgres_url, "LEDGER_BUDGET": "10"}
    replicas = [await open_replica(**given) for _ in range(2)]

    async with asyncio.TaskGroup() as group:
        clicks = [
            group.create_task(one.post(PATH, BODY, Idempotency_Key="k-race"))
            for one in replicas * 4
        ]
    again = await replicas[1].post(PATH, BODY, Idempotency_Key="k-race")

    statuses = [click.result()[0] for click in clicks]
    assert statuses.count(201) >= 1
    assert set(statuses) <= {201, 409, 429}
    assert (again[0], again[1]["batch"]["batch_id"]) == (201, NEW_BATCH)
    assert len(registrations(platform)) == 1


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


BEFORE_SENDING = ("begin:after", "store:after")
IN_DOUBT = ("advance:after", "register:before")
MADE = ("register:after", "advance 2:before", "advance 2:after")


def no_answer() -> AbstractContextManager[object]:
    return pytest.raises(aiohttp.ClientError)


async def once_settled(caller: Caller) -> Answer:
    """The answer when the dead attempt no longer counts as running."""
    async with asyncio.timeout(20):
        while True:
            answer = await caller.post(PATH, BODY, Idempotency_Key="k-1")
            details = answer[1].get("error", {}).get("details", {})
            if details.get("reason") != "in_progress":
                return answer
            await asyncio.sleep(float(answer[2]["retry-after"]) / 4)


@pytest.mark.parametrize("point", [*BEFORE_SENDING, *IN_DOUBT, *MADE])
async def test_a_death_at_any_step_leaves_one_batch_or_the_doubt(
    tmp_path: Path, platform: StubPlatform, session: aiohttp.ClientSession, point: str
) -> None:
    ledger = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    place = {"LEDGER_URL": ledger, "WORKFLOW_BUDGET": "2.5"}
    module, urls = "tests.faults.dying_teacher", platform.urls | {"DIES": point}
    with teacher_process(tmp_path, urls, module, **place) as dying, no_answer():
        await Caller(session, dying.url).post(PATH, BODY, Idempotency_Key="k-1")
    sent = len(registrations(platform))
    if sent:
        ras_lists_the_batch(platform)

    with teacher_process(tmp_path, platform.urls, **place) as living:
        answer = await once_settled(Caller(session, living.url))

    assert sent == (point in MADE)
    if point in IN_DOUBT:
        assert (answer[0], answer[1]["error"]["details"]["reason"]) == (409, "outcome_unknown")
    else:
        assert (answer[0], answer[1]["batch"]["batch_id"]) == (201, NEW_BATCH)
    assert len(registrations(platform)) == (point not in IN_DOUBT)
