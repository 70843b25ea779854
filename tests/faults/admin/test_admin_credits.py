"""Credits with Entitlements at fault: nothing is invented, nothing is sent twice."""

import json
from typing import Any

import pytest

from bff_core.testing import Reply
from tests.faults.admin.answers import FAULTS, USER, reply
from tests.faults.admin.conftest import AdminBff, error_of

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
