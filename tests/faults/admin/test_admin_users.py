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
    INVITATION,
    LEAK,
    PERSON,
    USER,
    USER_PAGE,
    refusal,
    reply,
)
from tests.faults.admin.conftest import AdminBff, error_of

APPROVE = f"/users/{PERSON}/approve"
WITH_REASON = {"expected_version": 1, "reason": "on leave"}
INVITED = {"email": "maja.ek@skola.example", "first_name": "Maja", "last_name": "Ek"}
KEY = {"Idempotency-Key": "key-1"}


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


@pytest.mark.parametrize("action", ["deactivate", "reactivate"])
async def test_a_reason_goes_along_with_a_deactivation(bff: AdminBff, action: str) -> None:
    bff.identity.on(f"/v1/admin/users/{PERSON}/{action}", reply(ACCOUNT_STATE))

    answer = await bff.ask("POST", f"/users/{PERSON}/{action}", WITH_REASON)

    assert answer.status_code == 200
    assert json.loads(bff.identity.requests[0].body) == WITH_REASON


async def test_an_invitation_goes_through_with_its_key(bff: AdminBff) -> None:
    bff.identity.on("/v1/admin/users/invite", reply(INVITATION, 201, Idempotent_Replay="true"))

    answer = await bff.ask("POST", "/users/invite", INVITED, KEY)

    body = await answer.get_json()
    assert (answer.status_code, answer.headers["Idempotent-Replay"]) == (201, "true")
    assert (body["org"], body["version"]) == ("Ekskolan", 2)
    assert LEAK not in repr(body)
    (asked,) = bff.identity.requests
    assert asked.headers["idempotency-key"] == "key-1"
    assert json.loads(asked.body) == {**INVITED, "note": None}


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (409, "CONFLICT", "address_taken"),
        (409, "CONFLICT", "idempotency_key_reused"),
        (403, "AUTHORIZATION_ERROR", "no_organisation"),
        (428, "PRECONDITION_REQUIRED", None),
    ],
)
async def test_a_refused_invitation_says_why(
    bff: AdminBff, status: int, code: str, reason: str | None
) -> None:
    details = {"reason": reason} if reason else {}
    bff.identity.on(ANY, refusal(status, code, {**details, "account": LEAK}))

    answer = await bff.ask("POST", "/users/invite", INVITED, KEY)

    error = await error_of(answer)
    assert (answer.status_code, error["code"], error["details"]) == (status, code, details)


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


# Every write once, and every fault with one of them.
LOST_WRITES = [
    *((fault, APPROVE, {"expected_version": 1}) for fault in UNKNOWN_OUTCOMES),
    ("hangs", f"/users/{PERSON}/deactivate", WITH_REASON),
    ("answers half", f"/users/{PERSON}/reactivate", WITH_REASON),
    ("answers another shape", "/users/invite", INVITED),
    ("hangs", "/users/invite", INVITED),
]


@pytest.mark.parametrize(("fault", "path", "body"), LOST_WRITES)
async def test_a_write_without_an_answer_says_that_it_may_be_done(
    bff: AdminBff, fault: str, path: str, body: dict[str, object]
) -> None:
    bff.identity.on(ANY, FAULTS[fault])

    answer = await bff.ask("POST", path, body, KEY)

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


async def test_me_is_the_token_s_admin_with_the_names_of_the_account(bff: AdminBff) -> None:
    account = {**USER, "user_id": ADMIN, "history": [DECISION]}
    bff.identity.on(f"/v1/admin/users/{ADMIN}", reply(account))

    status, body = await bff.get("/me")

    assert status == 200
    assert (body["user_id"], body["roles"]) == (ADMIN, ["admin"])
    assert (body["email"], body["first_name"]) == ("maja.ek@skola.example", "Maja")
    assert [(part["name"], part["status"]) for part in body["parts"]] == [("account", "ok")]
    assert LEAK not in repr(body)


@pytest.mark.parametrize("fault", FAULTS)
async def test_me_without_identity_is_what_the_token_says(bff: AdminBff, fault: str) -> None:
    bff.identity.on(ANY, FAULTS[fault])

    status, body = await bff.get("/me")

    assert (status, body["user_id"], body["roles"]) == (200, ADMIN, ["admin"])
    assert body["email"] is body["first_name"] is body["last_name"] is None
    assert [(part["name"], part["status"]) for part in body["parts"]] == [("account", "missing")]
