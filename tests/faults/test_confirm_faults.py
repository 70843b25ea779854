"""Confirming a batch calls CMS once, with any fault on the way."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bff_core.testing import Reply
from tests.faults.conftest import OpenReplica, Screens, hurried
from tests.faults.platform_answers import (
    BATCH,
    CONFIRMED,
    ESSAY,
    MAJA,
    NOBODY,
    REVIEW_PATH,
    SECOND,
    whole_batch,
)
from tests.faults.review_answers import NOT_BEGUN, put_in_review
from tests.faults.stub_platform import StubPlatform

PATH = f"/v1/teacher/batches/{BATCH}/associations/confirm"
CONFIRM = f"{REVIEW_PATH}/confirm"


def a_body(*pairs: tuple[str, str | None], force: bool = False) -> dict[str, Any]:
    decisions = [{"essay_id": essay, "student_id": student} for essay, student in pairs]
    return {"decisions": decisions, "force": force}


GOOD = a_body((ESSAY, MAJA))
OTHER = a_body((ESSAY, None))
FORCED = a_body((ESSAY, MAJA), force=True)


@pytest.fixture(autouse=True)
def batch_in_review(platform: StubPlatform) -> None:
    put_in_review(platform)


def confirmations(behind: StubPlatform | Screens) -> list[dict[str, Any]]:
    """Bodies that reached CMS."""
    return [json.loads(one.body) for one in behind.cms.requests if one.path == CONFIRM]


async def test_cms_gets_our_user_and_only_what_it_reads(screens: Screens) -> None:
    status, body, _ = await screens.post(PATH, a_body((ESSAY, MAJA), (SECOND, None)))

    assert (status, body["associations_confirmed"], body["associations_rejected"]) == (200, 1, 1)
    assert confirmations(screens) == [
        {
            "user_id": "0b8d6f34-2e51-4a1c-9c7e-8f3a1d5e6b72",
            "associations": [
                {"essay_id": ESSAY, "student_id": MAJA, "confirmed": True},
                {"essay_id": SECOND, "student_id": None, "confirmed": False},
            ],
        }
    ]


async def test_replay_says_so_in_a_header(screens: Screens) -> None:
    first = await screens.post(PATH, GOOD, Idempotency_Key="k-1")
    again = await screens.post(PATH, OTHER, Idempotency_Key="k-1")

    assert "idempotent-replay" not in first[2]
    assert (again[:2], again[2]["idempotent-replay"]) == (first[:2], "true")
    assert len(confirmations(screens)) == 1


@pytest.mark.parametrize("key", ["", "a" * 256, "å", "two words", "a\tb"])
async def test_odd_key_is_refused(screens: Screens, key: str) -> None:
    status, body, _ = await screens.post(PATH, GOOD, Idempotency_Key=key)

    assert status == 400
    assert body["error"]["details"]["errors"][0]["pointer"] == "/Idempotency-Key"
    assert screens.cms.requests == []


@pytest.mark.parametrize("tabs", [2, 10])
async def test_clicks_and_tabs_at_once_are_one_call(screens: Screens, tabs: int) -> None:
    screens.cms.on(CONFIRM, Reply(body=CONFIRMED, delay=0.2))

    async with asyncio.TaskGroup() as group:
        clicks = [group.create_task(screens.post(PATH, GOOD)) for _ in range(tabs)]
    later = await screens.post(PATH, GOOD)

    outcomes = sorted(click.result()[0] for click in clicks)
    assert outcomes[0] == 200
    # Of ten, some find four others waiting for the teacher's one connection to the ledger.
    assert set(outcomes[1:]) <= ({200, 409} if tabs == 2 else {200, 409, 429})
    assert (later[0], later[2]["idempotent-replay"]) == (200, "true")
    assert len(confirmations(screens)) == 1


LEDGERS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a ledger for several replicas."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'shared.sqlite3'}"
    # Requested by name, so the run's summary must be told that it was used.
    request.node.user_properties.append(("used", "postgres_url"))
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.mark.parametrize("ledger", LEDGERS, indirect=True)
async def test_replicas_on_one_ledger_make_one_call_and_replay_after_a_restart(
    open_replica: OpenReplica, platform: StubPlatform, ledger: str
) -> None:
    platform.cms.on(CONFIRM, Reply(body=CONFIRMED, delay=0.2))
    replicas = [await open_replica(LEDGER_URL=ledger) for _ in range(3)]

    async with asyncio.TaskGroup() as group:
        clicks = [group.create_task(one.post(PATH, GOOD)) for one in replicas for _ in range(2)]
    restarted = await open_replica(LEDGER_URL=ledger)
    replay = await restarted.post(PATH, GOOD)
    other = await restarted.post(PATH, OTHER)

    assert {click.result()[0] for click in clicks} <= {200, 409}
    assert (replay[0], replay[2]["idempotent-replay"]) == (200, "true")
    assert (other[0], other[1]["error"]["details"]["reason"]) == (409, "already_confirmed")
    assert len(confirmations(platform)) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body=CONFIRMED, delay=5.0),
        Reply(hang=True),
        Reply(500, b'{"error":"Internal server error"}'),
        Reply(raw=b""),
        Reply(body=b'{"status":"maybe"}'),
        Reply(200, b"<h1>done</h1>", {"Content-Type": "text/html"}),
    ],
    ids=["late", "hangs", "500", "cut", "another status", "HTML"],
)
async def test_cms_that_may_have_acted_is_unknown_until_forced(
    open_replica: OpenReplica, reply: Reply
) -> None:
    waits = reply.hang or reply.delay > 0
    screens = await open_replica(**(hurried("CMS__CONFIRM") if waits else {}))
    screens.cms.on(CONFIRM, reply, Reply(body=CONFIRMED))

    status, body, _ = await screens.post(PATH, GOOD)
    again = await screens.post(PATH, GOOD)
    forced = await screens.post(PATH, FORCED)
    replay = await screens.post(PATH, GOOD)

    assert status in {502, 503, 504}
    assert body["error"]["details"] == {"service": "cms", "part": "confirm", "outcome": "unknown"}
    assert (again[0], again[1]["error"]["details"]["reason"]) == (409, "outcome_unknown")
    assert (forced[0], forced[1]["forced"]) == (200, True)
    assert (replay[:2], replay[2]["idempotent-replay"]) == (forced[:2], "true")
    assert len(confirmations(screens)) == 2


async def test_cms_that_refuses_leaves_the_way_free(screens: Screens) -> None:
    screens.cms.on(CONFIRM, Reply(400, b'{"error":"No associations"}'), Reply(body=CONFIRMED))

    status, body, _ = await screens.post(PATH, GOOD)
    again = await screens.post(PATH, GOOD)

    assert (status, body["error"]["details"]["outcome"]) == (502, "not_sent")
    assert again[0] == 200


async def test_ledger_away_is_503_before_cms_is_called(open_replica: OpenReplica) -> None:
    screens = await open_replica(LEDGER_URL="sqlite:////proc/nowhere/ledger.sqlite3")

    status, body, headers = await screens.post(PATH, GOOD)

    assert (status, body["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert headers["retry-after"] == "1"
    assert screens.cms.requests == []


async def test_ledger_away_costs_no_other_screen(open_replica: OpenReplica) -> None:
    screens = await open_replica(LEDGER_URL="sqlite:////proc/nowhere/ledger.sqlite3")

    assert (await screens.get(f"/v1/teacher/batches/{BATCH}"))[0] == 200
    ready = await screens.client.get("/ready")
    reachable = {
        one["name"]: one.get("reachable") for one in (await ready.get_json())["dependencies"]
    }
    assert (ready.status_code, reachable["ledger"]) == (200, False)


async def test_ledger_that_is_locked_is_503_before_any_call(
    open_replica: OpenReplica, tmp_path: Path
) -> None:
    path = tmp_path / "locked.sqlite3"
    screens = await open_replica(LEDGER_URL=f"sqlite:///{path}", LEDGER_BUDGET="0.3")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        status, _, _ = await screens.post(PATH, GOOD)

    assert (status, screens.cms.requests) == (503, [])


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (a_body((ESSAY, NOBODY)), 404, "/decisions/0/student_id"),
        (a_body((ESSAY, "b7d9f1a3-5c2e-4860-9a1b-3c5d7e9f0b24")), 404, "/decisions/0/student_id"),
        (a_body((ESSAY, MAJA), (NOBODY, None)), 404, "/decisions/1/essay_id"),
        (a_body((SECOND, MAJA)), 400, "/decisions"),
        (a_body((ESSAY, MAJA), (ESSAY, MAJA)), 400, "/decisions/1/essay_id"),
        (a_body((ESSAY, MAJA), (SECOND, MAJA)), 400, "/decisions/1/student_id"),
        (a_body(("not-a-uuid", MAJA)), 400, "/decisions/0/essay_id"),
        ({"decisions": []}, 400, "/decisions"),
        ({}, 400, "/decisions"),
        (GOOD | {"user_id": "somebody"}, 400, "/user_id"),
        (GOOD | {"force": "yes"}, 400, "/force"),
        ([], 400, ""),
        (a_body(*[(ESSAY, None)] * 2001), 400, ""),
    ],
)
async def test_what_cannot_be_confirmed_is_refused_and_cms_hears_nothing(
    screens: Screens, body: Any, status: int, pointer: str
) -> None:
    answer = await screens.post(PATH, body)

    assert answer[0] == status
    assert answer[1]["error"]["details"]["errors"][0]["pointer"] == pointer
    assert confirmations(screens) == []


async def test_ten_thousand_decisions_are_too_many_to_be_read(screens: Screens) -> None:
    status, body, _ = await screens.post(PATH, a_body(*[(ESSAY, MAJA)] * 10_000))

    assert (status, body["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert screens.cms.requests == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"null", b"[" * 10_000, b'{"decisions": NaN}']
)
async def test_bytes_that_are_no_request_are_refused(screens: Screens, body: bytes) -> None:
    status, answer, _ = await screens.post(PATH, body)

    assert (status, answer["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert screens.cms.requests == []


async def test_body_of_another_type_is_refused(screens: Screens) -> None:
    status, _, _ = await screens.post(PATH, b"decisions=1", Content_Type="text/plain")

    assert status == 415


async def test_another_teacher_s_batch_is_refused_and_cms_hears_nothing(screens: Screens) -> None:
    status_path = f"/internal/v1/batches/{BATCH}/status"
    screens.ras.on(status_path, Reply(body=whole_batch(user_id="erik-1", **NOT_BEGUN)))

    status, body, _ = await screens.post(PATH, GOOD)

    assert (status, body["error"]["details"]) == (403, {})
    assert screens.cms.requests == []


async def test_caller_in_too_great_a_hurry_confirms_nothing(screens: Screens) -> None:
    status, _, _ = await screens.post(PATH, GOOD, X_Request_Timeout_Ms="800")

    assert status == 504
    assert confirmations(screens) == []
    assert (await screens.post(PATH, GOOD))[0] == 200
