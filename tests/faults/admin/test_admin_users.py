"""Accounts through the admin BFF: decisions, conflicts, and Identity at fault."""

import json

import pytest

from bff_core.testing import ANY
from tests.faults.admin.answers import (
    ADMIN,
    CURRENT,
    DECISION,
    FAULTS,
    PERSON,
    SECRETIVE,
    STANDING,
    USER,
    USER_PAGE,
    refusal,
    reply,
)
from tests.faults.admin.conftest import Desk, error_of

APPROVE = f"/users/{PERSON}/approve"


async def test_pending_shows_who_waits_and_nothing_more(desk: Desk) -> None:
    desk.identity.on("/v1/admin/users/pending", reply(USER_PAGE))

    status, body = await desk.get("/users/pending?limit=5&q=maja&org=Ekskolan&verified=true")

    assert (status, body["next_cursor"]) == (200, "next")
    assert body["users"][0]["org"] == "Ekskolan"
    assert body["users"][0]["waiting_seconds"] == 86400
    assert SECRETIVE not in repr(body)
    asked = desk.identity.requests[0]
    assert asked.target.endswith("?limit=5&q=maja&org=Ekskolan&verified=true")


async def test_identity_is_told_who_asks_and_through_whom(desk: Desk) -> None:
    desk.identity.on(ANY, reply(USER_PAGE))

    await desk.get("/users?status=denied")

    headers = desk.identity.requests[0].headers
    assert headers["authorization"] == desk.authorization
    assert headers["x-service-id"] == "bff-admin-service"
    assert headers["x-internal-api-key"] == "internal-key-for-tests"
    assert "x-user-id" not in headers


async def test_a_user_comes_with_the_decisions_on_them(desk: Desk) -> None:
    desk.identity.on(f"/v1/admin/users/{PERSON}", reply({**USER, "history": [DECISION]}))

    status, body = await desk.get(f"/users/{PERSON}")

    assert (status, body["history"][0]["to_status"]) == (200, "approved")


async def test_a_decision_goes_through_once(desk: Desk) -> None:
    desk.identity.on(ANY, reply(STANDING))

    answer = await desk.ask("POST", APPROVE, {"expected_version": 1, "note": "hej"})

    assert answer.status_code == 200
    assert "Idempotent-Replay" not in answer.headers
    assert (await answer.get_json())["version"] == 2
    assert json.loads(desk.identity.requests[0].body) == {"expected_version": 1, "note": "hej"}


async def test_the_same_decision_again_says_so(desk: Desk) -> None:
    desk.identity.on(ANY, reply(STANDING, Idempotent_Replay="true"))

    answer = await desk.ask("POST", APPROVE, {"expected_version": 1})

    assert (answer.status_code, answer.headers["Idempotent-Replay"]) == (200, "true")


async def test_a_conflict_says_who_was_there_first(desk: Desk) -> None:
    details = {"reason": "version_mismatch", "current": {**CURRENT, "row": SECRETIVE}, "x": 1}
    desk.identity.on(ANY, refusal(409, "CONFLICT", details))

    answer = await desk.ask("POST", APPROVE, {"expected_version": 1})

    error = await error_of(answer)
    assert (answer.status_code, error["code"]) == (409, "CONFLICT")
    assert error["details"] == {"reason": "version_mismatch", "current": CURRENT}
    assert error["correlation_id"] == answer.headers["X-Correlation-ID"]


async def test_nobody_decides_on_their_own_account(desk: Desk) -> None:
    desk.identity.on(ANY, refusal(403, "AUTHORIZATION_ERROR", {"reason": "own_account"}))

    answer = await desk.ask("POST", f"/users/{ADMIN}/deny", {"expected_version": 1, "reason": "x"})

    assert (answer.status_code, (await error_of(answer))["details"]) == (
        403,
        {"reason": "own_account"},
    )


async def test_many_decisions_answer_each_for_itself(desk: Desk) -> None:
    lost = {"code": "CONFLICT", "message": "m", "details": {"current": CURRENT, "x": SECRETIVE}}
    results = [
        {"user_id": PERSON, "outcome": "decided", "status": 200, "decision": STANDING},
        {"user_id": ADMIN, "outcome": "conflict", "status": 409, "error": lost},
    ]
    whole = [{"decision": None, "error": None, **one} for one in results]
    desk.identity.on("/v1/admin/users/decisions", reply({"results": whole}))
    items = [
        {"user_id": PERSON, "decision": "approve", "expected_version": 1},
        {"user_id": ADMIN, "decision": "deny", "expected_version": 1, "reason": "no"},
    ]

    answer = await desk.ask("POST", "/users/decisions", {"items": items})

    body = await answer.get_json()
    assert [one["status"] for one in body["results"]] == [200, 409]
    assert body["results"][1]["error"]["details"] == {"current": CURRENT}


@pytest.mark.parametrize("user_id", ["nobody", "..", "%2e%2e", "a%2Fb", "%00", PERSON + "x"])
async def test_an_id_that_nobody_has_is_not_asked_for(desk: Desk, user_id: str) -> None:
    answer = await desk.ask("GET", f"/users/{user_id}")

    assert answer.status_code == 404
    assert desk.identity.requests == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_identity_at_fault_is_a_5xx_that_names_it(desk: Desk, fault: str) -> None:
    desk.identity.on(ANY, FAULTS[fault])

    for path in ("/users/pending", "/users", f"/users/{PERSON}"):
        answer = await desk.ask("GET", path)

        error = await error_of(answer)
        assert answer.status_code == (504 if fault == "hangs" else answer.status_code)
        assert 502 <= answer.status_code <= 504, path
        assert error["details"]["service"] == "identity_admin"
        assert SECRETIVE not in repr(error)


UNSURE = [fault for fault in FAULTS if not fault.startswith(("refuses", "knows"))]


@pytest.mark.parametrize("fault", UNSURE)
async def test_a_decision_without_an_answer_says_that_it_may_be_done(
    desk: Desk, fault: str
) -> None:
    desk.identity.on(ANY, FAULTS[fault])

    answer = await desk.ask("POST", APPROVE, {"expected_version": 1})

    error = await error_of(answer)
    assert 502 <= answer.status_code <= 504
    assert error["details"]["outcome"] == "unknown"
    assert len(desk.identity.requests) == 1


async def test_a_decision_that_could_not_be_sent_was_not_made(unheard: Desk) -> None:
    answer = await unheard.ask("POST", APPROVE, {"expected_version": 1})

    error = await error_of(answer)
    assert (answer.status_code, error["code"]) == (503, "CONNECTION_ERROR")
    assert "outcome" not in error["details"]
