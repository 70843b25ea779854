"""Entitlements that fails costs the credits alone, and is never told as an empty account."""

import json

import pytest

from bff_core.testing import Reply
from tests.faults.conftest import OpenReplica, Screens, hurried
from tests.faults.platform_answers import TEACHER
from tests.faults.test_teacher_faults import FAULTS, LATE, missing

BALANCE = f"/v1/entitlements/balance/{TEACHER}"
CHECK = "/v1/entitlements/check-credits"
ZERO = Reply(body=b'{"user_balance":0,"org_balance":null,"org_id":null}')


def check(reason: str) -> Reply:
    return Reply(
        body=json.dumps(
            {
                "allowed": False,
                "reason": reason,
                "required_credits": 3,
                "available_credits": 0,
                "source": None,
            }
        ).encode()
    )


async def test_credits_stand_on_the_dashboard_and_alone(screens: Screens) -> None:
    _, dashboard, _ = await screens.get("/v1/teacher/dashboard")
    status, alone, headers = await screens.get("/v1/teacher/credits")

    assert status == 200
    assert alone["credits"] == dashboard["credits"]
    assert alone["credits"]["available"] == 847
    assert headers["cache-control"] == "private, no-cache"


@pytest.mark.parametrize("fault", FAULTS)
async def test_entitlements_at_fault_costs_the_credits_alone(
    open_replica: OpenReplica, fault: str
) -> None:
    short = hurried("ENTITLEMENTS__BALANCE") if fault in LATE else {}
    screens = await open_replica(**short)
    screens.entitlements.on(BALANCE, FAULTS[fault])

    status, body, headers = await screens.get("/v1/teacher/dashboard")

    code = "TIMEOUT" if fault in LATE else "EXTERNAL_SERVICE_ERROR"
    assert status == 200
    assert body["credits"] is None
    assert missing(body) == {"credits": code}
    assert headers["x-parts-incomplete"] == "credits"


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (check("insufficient_credits"), 0),
        (check("system_error"), None),
        (Reply(500), None),
        (FAULTS["hangs"], None),
    ],
    ids=["empty", "failed", "down", "hangs"],
)
async def test_a_zero_is_one_only_if_a_check_says_so(
    open_replica: OpenReplica, second: Reply, expected: int | None
) -> None:
    screens = await open_replica(**hurried("ENTITLEMENTS__CHECK") if second.hang else {})
    screens.entitlements.on(BALANCE, ZERO)
    screens.entitlements.on(CHECK, second)

    status, body, _ = await screens.get("/v1/teacher/credits")

    assert status == 200
    assert (body["credits"] or {}).get("available") == expected
    assert (body["parts"][0]["status"] == "ok") == (expected is not None)
