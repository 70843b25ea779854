"""Requests to Entitlements: URL, credentials, body, and what its ambiguous answers mean."""

import json
from typing import Any

import pytest

from bff_core.client import ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import (
    DownstreamError,
    DownstreamFailed,
    DownstreamTimeout,
    NotFound,
    ValidationFailed,
)
from services.bff_admin.clients.entitlements import HttpCredits
from services.bff_admin.ports import CreditsReadOnly
from tests.aioresponses_compat import MockedDownstream
from tests.unit.service_clients import ANY_URL, RULE, USER, credentials_in, the_request

CORRELATION = "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11"
SUBJECT = {"subject_type": "user", "subject_id": USER}
ADJUSTED = {"success": True, "new_balance": 60, **SUBJECT, "correlation_id": CORRELATION}
SET = {"success": True, "balance": 500, **SUBJECT, "correlation_id": CORRELATION}
UNROUTED = {
    "error": "Internal server error",
    "message": "An unexpected error occurred",
    "service": "entitlements_service",
}
ENVELOPE = {
    "error": {"code": "PROCESSING_ERROR", "message": "Failed to get operations history"},
}
BELOW_ZERO = {"error": {"code": "VALIDATION_ERROR", "details": {"field": "amount"}}}
OPERATION = {
    "id": "0c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e4f",
    **SUBJECT,
    "metric": "manual_adjustment",
    "amount": 50,
    "batch_id": None,
    "consumed_from": "user",
    "correlation_id": CORRELATION,
    "operation_status": "completed",
    "created_at": "2026-01-31T12:00:00Z",
}


@pytest.fixture
def account(client: ServiceClient) -> HttpCredits:
    return HttpCredits(client, read=RULE, write=RULE)


def balance(amount: int) -> dict[str, Any]:
    return {"user_balance": amount, "org_balance": None, "org_id": None}


def check(reason: str | None, available: int = 0) -> dict[str, Any]:
    required = {"allowed": reason is None, "reason": reason, "required_credits": 1}
    return required | {"available_credits": available, "source": None}


async def test_balance_is_read_without_credentials(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=balance(50))

    found = await account.available(ctx, USER)

    assert found.value == 50
    assert the_request(downstream).line == f"GET /v1/entitlements/balance/{USER}"
    assert credentials_in(the_request(downstream)) == {}


async def test_zero_counts_when_a_check_agrees(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=balance(0))
    downstream.post(ANY_URL, payload=check("insufficient_credits"))

    found = await account.available(ctx, USER)

    asked = downstream.received[1]
    assert found.value == 0
    assert asked.line == "POST /v1/entitlements/check-credits"
    assert json.loads(asked.body or b"") == {
        "user_id": USER,
        "metric": "cj_comparison",
        "amount": 1,
    }


@pytest.mark.parametrize(
    "second",
    [check("system_error"), check(None, 7), check("rate_limit_exceeded"), check(None)],
    ids=["failure", "credits", "limit", "nothing"],
)
async def test_zero_that_a_check_does_not_confirm_is_a_failure(
    account: HttpCredits,
    ctx: RequestContext,
    downstream: MockedDownstream,
    second: dict[str, Any],
) -> None:
    downstream.get(ANY_URL, payload=balance(0))
    downstream.post(ANY_URL, payload=second)

    with pytest.raises(DownstreamFailed):
        await account.available(ctx, USER)


async def test_newest_operations(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    answer = {"operations": [OPERATION], "count": 1, "correlation_id": CORRELATION}
    downstream.get(ANY_URL, payload=answer)

    found = await account.operations(ctx, USER)

    assert the_request(downstream).url.path == "/v1/admin/credits/operations"
    assert dict(the_request(downstream).url.query) == {
        "subject_type": "user",
        "subject_id": USER,
        "limit": "20",
    }
    assert [one.correlation_id for one in found.value.operations] == [CORRELATION]


async def test_route_that_is_not_mounted_is_told_from_one_that_fails(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=500, payload=UNROUTED)
    downstream.get(ANY_URL, status=500, payload=ENVELOPE)

    with pytest.raises(CreditsReadOnly) as absent:
        await account.operations(ctx, USER)
    with pytest.raises(DownstreamFailed):
        await account.operations(ctx, USER)

    assert absent.value.details == {"service": "downstream", "reason": "not_mounted"}


async def test_adjusting_sends_amount_and_reason_once(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, payload=ADJUSTED)

    done = await account.adjust(ctx, USER, -40, "wrong school")

    received = the_request(downstream)
    assert received.line == "POST /v1/admin/credits/adjust"
    assert credentials_in(received) == {}
    assert json.loads(received.body or b"") == SUBJECT | {"amount": -40, "reason": "wrong school"}
    assert (done.available, done.correlation_id) == (60, CORRELATION)


async def test_setting_sends_the_balance(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, payload=SET)

    done = await account.set(ctx, USER, 500)

    received = the_request(downstream)
    assert received.line == "POST /v1/admin/credits/set"
    assert json.loads(received.body or b"") == SUBJECT | {"balance": 500}
    assert done.available == 500


async def test_balance_below_zero_is_the_fault_of_the_amount(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, status=400, payload=BELOW_ZERO)

    with pytest.raises(ValidationFailed) as raised:
        await account.adjust(ctx, USER, -40, "wrong school")

    assert raised.value.details["errors"] == [
        {"pointer": "/amount", "message": "the balance would fall below zero"}
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500, "payload": ENVELOPE},
        {"status": 500, "payload": UNROUTED},
        {"status": 200, "body": b"<html>", "content_type": "text/html"},
        {"status": 200, "payload": ADJUSTED | {"subject_id": "somebody"}},
        {"status": 200, "payload": ADJUSTED | {"success": False}},
        {"exception": TimeoutError()},
    ],
    ids=["envelope", "flat", "page", "other subject", "no success", "late"],
)
async def test_change_that_may_have_been_made_is_not_repeated_and_said_to_be_unknown(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream, answer: dict[str, Any]
) -> None:
    downstream.post(ANY_URL, **answer)

    with pytest.raises(DownstreamError) as raised:
        await account.adjust(ctx, USER, 40, "lost run")

    assert raised.value.details["outcome"] == "unknown"
    assert "a repeat is another change" in raised.value.text
    assert len(downstream.received) == 1


async def test_read_that_fails_says_nothing_of_an_outcome(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, exception=TimeoutError())

    with pytest.raises(DownstreamTimeout) as raised:
        await account.operations(ctx, USER)

    assert "outcome" not in raised.value.details


@pytest.mark.parametrize("user_id", ["", "..", "anna", f"{USER}/x"])
async def test_an_id_that_no_account_has_sends_nothing(
    account: HttpCredits, ctx: RequestContext, downstream: MockedDownstream, user_id: str
) -> None:
    for call in (
        account.available(ctx, user_id),
        account.operations(ctx, user_id),
        account.adjust(ctx, user_id, 1, "gift"),
        account.set(ctx, user_id, 1),
    ):
        with pytest.raises(NotFound):
            await call

    assert downstream.received == []
