"""Credits with Entitlements at fault: nothing is invented, nothing is sent twice."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from bff_core.testing import Reply
from tests.faults.admin.answers import FAULTS, USER, reply
from tests.faults.admin.conftest import HURRIED, AdminBff, error_of, running_bff

PERSON = USER["user_id"]
BALANCE = f"/v1/entitlements/balance/{PERSON}"
OPERATIONS = "/v1/admin/credits/operations"
ADJUST = "/v1/admin/credits/adjust"
UNROUTED = {"error": "Internal server error", "message": "m", "service": "entitlements_service"}
GIFT = {"amount": 40, "reason": "Lost to a failed run"}


@pytest.fixture(autouse=True)
def well(bff: AdminBff) -> None:
    bff.identity.on(f"/v1/admin/users/{PERSON}", reply({**USER, "history": []}))
    bff.entitlements.on(BALANCE, reply({"user_balance": 50, "org_balance": None, "org_id": None}))
    bff.entitlements.on(OPERATIONS, reply({"operations": [], "count": 0, "correlation_id": "c"}))


def changes(bff: AdminBff) -> int:
    return sum(request.path == ADJUST for request in bff.entitlements.requests)


def missing(body: dict[str, Any]) -> set[str]:
    return {part["name"] for part in body["parts"] if part["status"] == "missing"}


async def test_all_well_shows_everything(bff: AdminBff) -> None:
    status, body = await bff.get(f"/credits/{PERSON}")

    assert (status, missing(body)) == (200, set())
    assert (body["available"], body["adjustable"], body["operations"]) == (50, True, [])


async def test_an_account_in_another_spelling_is_the_same_account(bff: AdminBff) -> None:
    bff.identity.on(f"/v1/admin/users/{PERSON.upper()}", reply({**USER, "history": []}))
    done = {"success": True, "new_balance": 90, "correlation_id": "c"}
    subject = {"subject_type": "user", "subject_id": PERSON}
    bff.entitlements.on(ADJUST, reply({**done, **subject}))

    status, shown = await bff.get(f"/credits/{PERSON.upper()}")
    answer = await bff.ask("POST", f"/credits/{PERSON.upper()}/adjust", GIFT)

    assert (status, missing(shown), shown["available"]) == (200, set(), 50)
    assert (answer.status_code, (await answer.get_json())["available"]) == (200, 90)
    asked = [one for one in bff.entitlements.requests if one.path == OPERATIONS]
    assert [f"subject_id={PERSON}" in one.target for one in asked] == [True] * 2
    [sent] = [json.loads(one.body) for one in bff.entitlements.requests if one.path == ADJUST]
    assert sent["subject_id"] == PERSON


@pytest.mark.parametrize("fault", FAULTS)
async def test_entitlements_at_fault_leaves_the_balance_unknown(bff: AdminBff, fault: str) -> None:
    bff.entitlements.on(BALANCE, FAULTS[fault])
    bff.entitlements.on(OPERATIONS, FAULTS[fault])

    status, body = await bff.get(f"/credits/{PERSON}")

    assert (status, missing(body)) == (200, {"credits", "operations"})
    assert (body["available"], body["adjustable"], body["operations"]) == (None, None, None)


async def test_change_where_the_routes_are_absent_is_refused_before_it_is_sent(
    bff: AdminBff,
) -> None:
    bff.entitlements.on(OPERATIONS, reply(UNROUTED, 500))

    answer = await bff.ask("POST", f"/credits/{PERSON}/adjust", GIFT)

    error = await error_of(answer)
    assert (answer.status_code, error["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert error["details"] == {"service": "entitlements", "reason": "not_mounted"}
    assert changes(bff) == 0


@pytest.mark.parametrize(
    "fault", [Reply(hang=True), Reply(raw=b""), reply(UNROUTED, 500)], ids=["late", "cut", "500"]
)
async def test_change_without_an_answer_is_sent_once_and_said_to_be_unknown(
    bff: AdminBff, fault: Reply
) -> None:
    bff.entitlements.on(ADJUST, fault)

    answer = await bff.ask("POST", f"/credits/{PERSON}/adjust", GIFT)

    error = await error_of(answer)
    assert answer.status_code in {502, 503, 504}
    assert error["details"]["outcome"] == "unknown"
    assert changes(bff) == 1


@pytest.fixture
async def second(bff: AdminBff) -> AsyncIterator[AdminBff]:
    """Another replica in front of the services of the first."""
    urls = {
        "IDENTITY_SERVICE_URL": bff.identity.url,
        "ENTITLEMENTS_SERVICE_URL": bff.entitlements.url,
    }
    async with running_bff(**HURRIED, **urls) as replica:
        yield replica


def book(bff: AdminBff, amount: int = 40) -> None:
    """Let Entitlements list what was sent to it, under the id with which it came."""
    [sent] = [one for one in bff.entitlements.requests if one.path == ADJUST]
    row = {
        "id": "1",
        "metric": "manual_adjustment",
        "amount": amount,
        "consumed_from": "user",
        "correlation_id": sent.headers["x-correlation-id"],
        "operation_status": "completed",
        "created_at": "2026-01-31T12:00:00Z",
    }
    bff.entitlements.on(OPERATIONS, reply({"operations": [row]}))


@pytest.mark.parametrize("fault", [Reply(hang=True), Reply(raw=b"")], ids=["late", "cut"])
async def test_a_repeat_with_its_key_is_not_sent_while_nobody_knows_and_found_when_booked(
    bff: AdminBff, second: AdminBff, fault: Reply
) -> None:
    bff.identity.on(f"/v1/admin/users/{PERSON.upper()}", reply({**USER, "history": []}))
    bff.entitlements.on(ADJUST, fault)
    key = {"Idempotency-Key": uuid4().hex}
    lost = await bff.ask("POST", f"/credits/{PERSON}/adjust", GIFT, key)

    in_doubt = await second.ask("POST", f"/credits/{PERSON}/adjust", GIFT, key)
    book(bff)
    found = await second.ask("POST", f"/credits/{PERSON.upper()}/adjust", GIFT, key)

    assert (await error_of(lost))["details"]["outcome"] == "unknown"
    doubt = await error_of(in_doubt)
    assert (in_doubt.status_code, in_doubt.headers["Retry-After"]) == (409, "60")
    assert doubt["details"] == {"reason": "outcome_unknown", "outcome": "unknown"}
    assert (found.status_code, found.headers["Idempotent-Replay"]) == (200, "true")
    assert (await found.get_json())["available"] == 50
    asked = [one.target for one in bff.entitlements.requests if one.path == OPERATIONS]
    assert all("correlation_id=" in target for target in asked)
    assert changes(bff) == 1


async def test_a_key_with_another_amount_is_refused(bff: AdminBff) -> None:
    done = {"success": True, "new_balance": 90, "correlation_id": "c"}
    subject = {"subject_type": "user", "subject_id": PERSON}
    bff.entitlements.on(ADJUST, reply({**done, **subject}))
    key = {"Idempotency-Key": uuid4().hex}
    await bff.ask("POST", f"/credits/{PERSON}/adjust", GIFT, key)
    book(bff)

    answer = await bff.ask("POST", f"/credits/{PERSON}/adjust", GIFT | {"amount": 41}, key)

    assert answer.status_code == 409
    assert (await error_of(answer))["details"] == {"reason": "idempotency_key_reused"}
    assert changes(bff) == 1


async def test_a_refused_adjustment_may_be_repeated_at_once(bff: AdminBff) -> None:
    refusal = {"error": {"code": "VALIDATION_ERROR", "details": {"field": "amount"}}}
    bff.entitlements.on(ADJUST, reply(refusal, 400))
    key = {"Idempotency-Key": uuid4().hex}

    answers = [await bff.ask("POST", f"/credits/{PERSON}/adjust", GIFT, key) for _ in range(2)]

    assert [one.status_code for one in answers] == [400, 400]
    assert changes(bff) == 2


async def test_without_the_marks_a_keyed_adjustment_is_not_sent(bff: AdminBff) -> None:
    urls = {
        "IDENTITY_SERVICE_URL": bff.identity.url,
        "ENTITLEMENTS_SERVICE_URL": bff.entitlements.url,
        "REDIS_URL": "redis://127.0.0.1:9/0",
    }
    bff.identity.on("/v1/admin/access", reply({"user_id": PERSON, "roles": ["admin"]}))
    async with running_bff(**urls) as without:
        key = {"Idempotency-Key": uuid4().hex}
        answer = await without.ask("POST", f"/credits/{PERSON}/adjust", GIFT, key)

    assert answer.status_code == 503
    assert (await error_of(answer))["details"] == {"reason": "marks_unavailable"}
    assert changes(bff) == 0
