"""Entitlements' answers: balances, checks, adjustments, and its two shapes of an error."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from quart import Quart

from devstack.emulators import entitlements
from devstack.emulators.server import EmulatorSettings
from devstack.seed.people import ANNA, SARA

NOBODY = "00000000-0000-0000-0000-000000000001"
INTERNAL = {
    "error": "Internal server error",
    "message": "An unexpected error occurred",
    "service": "entitlements_service",
}
ADMIN = "/v1/admin/credits"


@pytest.fixture
def app(settings: EmulatorSettings) -> Quart:
    return entitlements.create_app(settings)


async def call(app: Quart, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = await app.test_client().open(path, method=method, json=body)
    return answer.status_code, await answer.get_json()


async def balance(app: Quart, user_id: str) -> tuple[int, Any]:
    return await call(app, "GET", f"/v1/entitlements/balance/{user_id}")


async def check(app: Quart, **body: object) -> tuple[int, Any]:
    return await call(app, "POST", "/v1/entitlements/check-credits", body)


def balance_of(amount: int) -> tuple[int, dict[str, object]]:
    return 200, {"user_balance": amount, "org_balance": None, "org_id": None}


def decision(**changes: object) -> tuple[int, dict[str, object]]:
    denied: dict[str, object] = {
        "allowed": False,
        "reason": None,
        "required_credits": 0,
        "available_credits": 0,
        "source": None,
    }
    return 200, denied | changes


async def test_unknown_user_an_empty_account_and_a_failure_show_the_same_zero(
    app: Quart, database: Path
) -> None:
    assert await balance(app, ANNA.user_id) == balance_of(1_250)
    assert await balance(app, SARA.user_id) == await balance(app, NOBODY) == balance_of(0)

    lost = entitlements.create_app(EmulatorSettings(database=database.with_name("lost")))

    assert await balance(lost, ANNA.user_id) == balance_of(0)
    assert (await lost.test_client().get("/healthz")).status_code == 503


async def test_check_tells_an_empty_account_from_a_failure(app: Quart) -> None:
    empty = await check(app, user_id=SARA.user_id, metric="cj_comparison")
    await app.test_client().put("/_devstack/switches/store/down")
    failed = await check(app, user_id=SARA.user_id, metric="cj_comparison")

    assert empty == decision(reason="insufficient_credits", required_credits=1)
    assert failed == decision(reason="system_error")


async def test_check_weighs_by_price(app: Quart) -> None:
    enough = await check(app, user_id=ANNA.user_id, metric="ai_feedback_generation", amount=250)
    too_many = await check(app, user_id=ANNA.user_id, metric="ai_feedback_generation", amount=251)

    paid = {"required_credits": 1_250, "available_credits": 1_250}
    assert enough == decision(allowed=True, source="user", **paid)
    assert too_many == decision(
        reason="insufficient_credits", required_credits=1_255, available_credits=1_250
    )


@pytest.mark.parametrize("metric", ["spellcheck", "nobody_knows_it"])
async def test_free_metric_is_allowed_without_a_look_at_the_balance(
    app: Quart, metric: str
) -> None:
    assert await check(app, user_id=NOBODY, metric=metric) == decision(allowed=True)


async def test_more_than_a_day_s_calls_are_denied_as_a_limit(app: Quart) -> None:
    answer = await check(app, user_id=ANNA.user_id, metric="cj_comparison", amount=10_001)

    assert answer == decision(reason="rate_limit_exceeded", required_credits=10_001)


async def test_organisation_pays_before_the_user(app: Quart) -> None:
    org = {"subject_type": "org", "subject_id": "org-1"}
    await call(app, "POST", f"{ADMIN}/set", {**org, "balance": 10})

    answer = await check(app, user_id=ANNA.user_id, org_id="org-1", metric="cj_comparison")

    assert answer == decision(allowed=True, source="org", required_credits=1, available_credits=10)


async def test_adjustments_at_once_are_all_booked(app: Quart, database: Path) -> None:
    subject = {"subject_type": "user", "subject_id": ANNA.user_id}
    body = {**subject, "amount": 10, "reason": "more"}

    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(call(app, "POST", f"{ADMIN}/adjust", body)) for _ in range(10)]

    balances = sorted(one.result()[1]["new_balance"] for one in calls)
    assert balances == [*range(1_260, 1_360, 10)]
    assert await balance(app, ANNA.user_id) == balance_of(1_350)


async def test_adjustment_changes_the_balance_and_is_an_operation_without_its_reason(
    app: Quart,
) -> None:
    subject = {"subject_type": "user", "subject_id": ANNA.user_id}

    adjusted = await call(
        app, "POST", f"{ADMIN}/adjust", {**subject, "amount": -250, "reason": "a mistake"}
    )
    listed = await call(app, "GET", f"{ADMIN}/operations?subject_id={ANNA.user_id}&limit=1")

    assert adjusted[0] == 200
    correlation_id = adjusted[1].pop("correlation_id")
    assert adjusted[1] == {"success": True, "new_balance": 1_000, **subject}
    assert await balance(app, ANNA.user_id) == balance_of(1_000)
    (operation,) = listed[1]["operations"]
    assert listed[1]["count"] == 1
    assert operation.pop("id")
    assert operation.pop("created_at").endswith("+00:00")
    assert operation == {
        **subject,
        "metric": "manual_adjustment",
        "amount": 250,
        "batch_id": None,
        "consumed_from": "user",
        "correlation_id": correlation_id,
        "operation_status": "completed",
    }


async def test_set_balance_is_kept(app: Quart) -> None:
    body = {"subject_type": "user", "subject_id": NOBODY, "balance": 7}

    answers = [await call(app, "POST", f"{ADMIN}/set", body) for _ in range(2)]
    _, listed = await call(app, "GET", f"{ADMIN}/operations?subject_id={NOBODY}")

    assert [(status, one["balance"]) for status, one in answers] == [(200, 7), (200, 7)]
    assert await balance(app, NOBODY) == balance_of(7)
    # The second one changes nothing and is no operation.
    assert listed["count"] == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("adjust", {"amount": -1_251, "reason": "x"}, 400, "VALIDATION_ERROR"),
        ("adjust", {"amount": "many", "reason": "x"}, 400, "VALIDATION_ERROR"),
        ("adjust", {"amount": 1}, 400, "VALIDATION_ERROR"),
        ("set", {"balance": -1}, 500, "PROCESSING_ERROR"),
    ],
)
async def test_invalid_changes_are_refused_in_the_envelope(
    app: Quart, path: str, body: dict[str, object], status: int, code: str
) -> None:
    subject = {"subject_type": "user", "subject_id": ANNA.user_id}

    answered, said = await call(app, "POST", f"{ADMIN}/{path}", subject | body)

    assert (answered, said["error"]["code"]) == (status, code)
    assert said["error"].keys() == {
        "code",
        "message",
        "correlation_id",
        "service",
        "timestamp",
        "details",
    }
    assert await balance(app, ANNA.user_id) == balance_of(1_250)


@pytest.mark.parametrize(("limit", "status"), [("0", 400), ("1001", 400), ("many", 500)])
async def test_limit_of_the_operations_is_checked(app: Quart, limit: str, status: int) -> None:
    assert (await call(app, "GET", f"{ADMIN}/operations?limit={limit}"))[0] == status


async def test_unread_body_of_a_check_is_a_list_of_fields(app: Quart) -> None:
    status, body = await check(app, user_id=ANNA.user_id)

    assert (status, body["error"], body["service"]) == (
        400,
        "validation_error",
        "entitlements_service",
    )
    assert body["details"][0]["loc"] == ["metric"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/entitlements/nowhere"),
        ("DELETE", f"/v1/entitlements/balance/{NOBODY}"),
    ],
)
async def test_no_route_and_a_wrong_method_are_500(app: Quart, method: str, path: str) -> None:
    assert await call(app, method, path) == (500, INTERNAL)


async def test_bad_json_is_500(app: Quart) -> None:
    answer = await app.test_client().post(
        "/v1/entitlements/check-credits",
        data="{",
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, await answer.get_json()) == (500, INTERNAL)


async def test_admin_routes_are_not_mounted_in_production(database: Path) -> None:
    app = entitlements.create_app(EmulatorSettings(database=database, entitlements_admin="absent"))

    assert await call(app, "GET", f"{ADMIN}/operations") == (500, INTERNAL)
    assert await balance(app, ANNA.user_id) == balance_of(1_250)
