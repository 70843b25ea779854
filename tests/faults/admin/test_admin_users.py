"""Accounts through the admin BFF: decisions, conflicts and failures of Identity."""

import json

import pytest

from bff_core.testing import ANY
from tests.faults.admin.answers import (
    ACCOUNT_STATE,
    ADMIN,
    CURRENT,
    DECISION,
    FAULTS,
    LEAK,
    PERSON,
    USER,
    USER_PAGE,
    refusal,
    reply,
)
from tests.faults.admin.conftest import AdminBff, error_of

APPROVE = f"/users/{PERSON}/approve"


async def test_pending_shows_who_waits_and_nothing_more(bff: AdminBff) -> None:
    bff.identity.on("/v1/admin/users/pending", reply(USER_PAGE))

    status, body = await bff.get("/users/pending?limit=5&q=maja&org=Ekskolan&verified=true")

    assert (status, body["next_cursor"]) == (200, "next")
    assert body["users"][0]["org"] == "Ekskolan"
    assert body["users"][0]["waiting_seconds"] == 86400
    assert LEAK not in repr(body)
    asked = bff.identity.requests[0]
    assert asked.target.endswith("?limit=5&q=maja&org=Ekskolan&verified=true")


async def test_identity_is_told_who_asks_and_through_whom(bff: AdminBff) -> None:
    bff.identity.on(ANY, reply(USER_PAGE))

    await bff.get("/users?status=denied")

    headers = bff.identity.requests[0].headers
    assert headers["authorization"] == bff.authorization
    assert headers["x-service-id"] == "bff-admin-service"
    assert headers["x-internal-api-key"] == "internal-key-for-tests"
    assert "x-user-id" not in headers


async def test_a_user_comes_with_the_decisions_on_them(bff: AdminBff) -> None:
    bff.identity.on(f"/v1/admin/users/{PERSON}", reply({**USER, "history": [DECISION]}))

    status, body = await bff.get(f"/users/{PERSON}")

    assert (status, body["history"][0]["to_status"]) == (200, "approved")


async def test_a_decision_goes_through_once(bff: AdminBff) -> None:
    bff.identity.on(ANY, reply(ACCOUNT_STATE))

    answer = await bff.ask("POST", APPROVE, {"expected_version": 1, "note": "hej"})

    assert answer.status_code == 200
    assert "Idempotent-Replay" not in answer.headers
    assert (await answer.get_json())["version"] == 2
    assert json.loads(bff.identity.requests[0].body) == {"expected_version": 1, "note": "hej"}


async def test_the_same_decision_again_says_so(bff: AdminBff) -> None:
    bff.identity.on(ANY, reply(ACCOUNT_STATE, Idempotent_Replay="true"))

    answer = await bff.ask("POST", APPROVE, {"expected_version": 1})

    assert (answer.status_code, answer.headers["Idempotent-Replay"]) == (200, "true")


async def test_a_conflict_says_who_was_there_first(bff: AdminBff) -> None:
    details = {"reason": "version_mismatch", "current": {**CURRENT, "row": LEAK}, "x": 1}
    bff.identity.on(ANY, refusal(409, "CONFLICT", details))

    answer = await bff.ask("POST", APPROVE, {"expected_version": 1})

    error = await error_of(answer)
    assert (answer.status_code, error["code"]) == (409, "CONFLICT")
    assert error["details"] == {"reason": "version_mismatch", "current": CURRENT}
    assert error["correlation_id"] == answer.headers["X-Correlation-ID"]


async def test_nobody_decides_on_their_own_account(bff: AdminBff) -> None:
    bff.identity.on(ANY, refusal(403, "AUTHORIZATION_ERROR", {"reason": "own_account"}))

    answer = await bff.ask("POST", f"/users/{ADMIN}/deny", {"expected_version": 1, "reason": "x"})

    assert (answer.status_code, (await error_of(answer))["details"]) == (
        403,
        {"reason": "own_account"},
    )


async def test_many_decisions_answer_each_for_itself(bff: AdminBff) -> None:
    lost = {"code": "CONFLICT", "message": "m", "details": {"current": CURRENT, "x": LEAK}}
    results = [
        {"user_id": PERSON, "outcome": "decided", "status": 200, "decision": ACCOUNT_STATE},
        {"user_id": ADMIN, "outcome": "conflict", "status": 409, "error": lost},
    ]
    whole = [{"decision": None, "error": None, **one} for one in results]
    bff.identity.on("/v1/admin/users/decisions", reply({"results": whole}))
    items = [
        {"user_id": PERSON, "decision": "approve", "expected_version": 1},
        {"user_id": ADMIN, "decision": "deny", "expected_version": 1, "reason": "no"},
    ]

    answer = await bff.ask("POST", "/users/decisions", {"items": items})

    body = await answer.get_json()
    assert [one["status"] for one in body["results"]] == [200, 409]
    assert body["results"][1]["error"]["details"] == {"current": CURRENT}


@pytest.mark.parametrize("user_id", ["nobody", "..", "%2e%2e", "a%2Fb", "%00", PERSON + "x"])
async def test_an_id_that_nobody_has_is_not_asked_for(bff: AdminBff, user_id: str) -> None:
    answer = await bff.ask("GET", f"/users/{user_id}")

    assert answer.status_code == 404
    assert bff.identity.requests == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_identity_at_fault_is_a_5xx_that_names_it(bff: AdminBff, fault: str) -> None:
    bff.identity.on(ANY, FAULTS[fault])

    for path in ("/users/pending", "/users", f"/users/{PERSON}"):
        answer = await bff.ask("GET", path)

        error = await error_of(answer)
        assert answer.status_code == (504 if fault == "hangs" else answer.status_code)
        assert 502 <= answer.status_code <= 504, path
        assert error["details"]["service"] == "identity_admin"
        assert LEAK not in repr(error)


UNKNOWN_OUTCOMES = [fault for fault in FAULTS if not fault.startswith(("refuses", "knows"))]


@pytest.mark.parametrize("fault", UNKNOWN_OUTCOMES)
async def test_a_decision_without_an_answer_says_that_it_may_be_done(
    bff: AdminBff, fault: str
) -> None:
    bff.identity.on(ANY, FAULTS[fault])

    answer = await bff.ask("POST", APPROVE, {"expected_version": 1})

    error = await error_of(answer)
    assert 502 <= answer.status_code <= 504
    assert error["details"]["outcome"] == "unknown"
    assert len(bff.identity.requests) == 1


async def test_a_decision_that_could_not_be_sent_was_not_made(
    unreachable_services: AdminBff,
) -> None:
    answer = await unreachable_services.ask("POST", APPROVE, {"expected_version": 1})

    error = await error_of(answer)
    assert (answer.status_code, error["code"]) == (503, "CONNECTION_ERROR")
    assert "outcome" not in error["details"]
