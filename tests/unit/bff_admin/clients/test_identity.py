"""Requests to identity_admin: URL, credentials, body, decoding and errors of each method."""

import json
from datetime import UTC, datetime

import pytest

from bff_core.client import ServiceClient
from bff_core.context import RequestContext
from bff_core.errors import Conflict, DownstreamError, DownstreamFailed, NotFound
from services.bff_admin.clients.identity import HttpAccounts
from services.bff_admin.dto.user_decisions_v1 import (
    ApproveUserV1,
    DenyUserV1,
    UserDecisionItemV1,
    UserDecisionsV1,
)
from services.bff_admin.dto.users_v1 import PendingUsersQuery, UsersQuery
from services.bff_admin.ports import TrailQuery
from tests.aioresponses_compat import MockedDownstream
from tests.unit.service_clients import (
    ANY_URL,
    IDENTITY,
    RULE,
    SERVICE_KEY,
    credentials_in,
    the_request,
)

USER = "9b2f4a7e-3c5d-4e1f-8a6b-7c9d0e1f2a3b"
TOKEN_AND_KEY = SERVICE_KEY | {"Authorization": "Bearer a-token"}
AT = "2026-01-31T12:00:00Z"
ACCOUNT = {
    "user_id": USER,
    "email": "anna@example.se",
    "first_name": "Anna",
    "last_name": None,
    "display_name": None,
    "org_id": None,
    "email_verified": True,
    "registered_at": AT,
    "status": "pending",
    "version": 1,
    "requested_at": AT,
    "waiting_seconds": 60,
    "decided_at": None,
    "decided_by": None,
    "decided_by_name": None,
    "reason": None,
}
DECIDED = {
    "user_id": USER,
    "status": "approved",
    "version": 2,
    "decided_at": AT,
    "decided_by": None,
    "decided_by_name": None,
    "reason": None,
}
FAILED_ITEM = {
    "user_id": USER,
    "outcome": "conflict",
    "status": 409,
    "decision": None,
    "error": {
        "code": "CONFLICT",
        "message": "Decided by another",
        "details": {"reason": "version_mismatch", "trace": "x"},
    },
}
REFUSAL = {
    "error": {
        "code": "CONFLICT",
        "message": "Decided by another",
        "details": {"current": {"version": 3, "secret": 1}, "trace": "x"},
    }
}


@pytest.fixture
def accounts(client: ServiceClient) -> HttpAccounts:
    return HttpAccounts(client, IDENTITY, read=RULE, write=RULE)


async def test_pending_accounts(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"users": [ACCOUNT], "next_cursor": "c"})

    page = await accounts.pending(ctx, PendingUsersQuery(limit=20))

    assert the_request(downstream).line == "GET /v1/admin/users/pending?limit=20"
    assert credentials_in(the_request(downstream)) == TOKEN_AND_KEY
    assert ([one.email for one in page.users], page.next_cursor) == (["anna@example.se"], "c")


async def test_a_page_of_accounts(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"users": [], "next_cursor": None})

    await accounts.page(ctx, UsersQuery(q="ek & co", verified=True))

    assert the_request(downstream).url.path == "/v1/admin/users"
    assert dict(the_request(downstream).url.query) == {
        "limit": "20",
        "q": "ek & co",
        "verified": "true",
    }


async def test_one_account(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload=ACCOUNT | {"history": []})

    found = await accounts.one(ctx, USER)

    assert the_request(downstream).line == f"GET /v1/admin/users/{USER}"
    assert (found.user_id, found.history) == (USER, [])


@pytest.mark.parametrize("user_id", ["", "..", "pending", f"{USER}/approve"])
async def test_an_id_that_no_account_has_sends_nothing(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream, user_id: str
) -> None:
    with pytest.raises(NotFound):
        await accounts.one(ctx, user_id)

    assert downstream.received == []


async def test_approving(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, payload=DECIDED, headers={"Idempotent-Replay": "true"})

    decided = await accounts.decide(
        ctx, USER, "approve", ApproveUserV1(expected_version=1, note="welcome")
    )

    received = the_request(downstream)
    assert received.line == f"POST /v1/admin/users/{USER}/approve"
    assert credentials_in(received) == TOKEN_AND_KEY
    assert json.loads(received.body or b"") == {"expected_version": 1, "note": "welcome"}
    assert (decided.body.status, decided.headers) == ("approved", {"Idempotent-Replay": "true"})


async def test_denying(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, payload=DECIDED | {"status": "denied"})

    decided = await accounts.decide(
        ctx, USER, "deny", DenyUserV1(expected_version=1, reason="unknown")
    )

    received = the_request(downstream)
    assert received.line == f"POST /v1/admin/users/{USER}/deny"
    assert json.loads(received.body or b"") == {"expected_version": 1, "reason": "unknown"}
    assert (decided.body.status, decided.headers) == ("denied", {})


async def test_deciding_many(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, payload={"results": [FAILED_ITEM]})
    item = UserDecisionItemV1(user_id=USER, decision="approve", expected_version=1)

    answer = await accounts.decide_many(ctx, UserDecisionsV1(items=[item]))

    received = the_request(downstream)
    assert received.line == "POST /v1/admin/users/decisions"
    assert json.loads(received.body or b"") == {"items": [item.model_dump()]}
    [error] = [one.error for one in answer.results]
    assert error is not None
    assert error.details == {"reason": "version_mismatch"}


async def test_a_refusal_of_a_decision_is_passed_on_without_the_rest(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.post(ANY_URL, status=409, payload=REFUSAL)

    with pytest.raises(Conflict) as caught:
        await accounts.decide(ctx, USER, "approve", ApproveUserV1(expected_version=1))

    assert str(caught.value) == "Decided by another"
    assert caught.value.details == {"current": {"version": 3}}


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        ({"exception": ConnectionResetError()}, "unknown"),
        ({"status": 503}, "unknown"),
        ({"status": 401}, None),
    ],
)
async def test_a_decision_whose_outcome_is_open_says_so(
    accounts: HttpAccounts,
    ctx: RequestContext,
    downstream: MockedDownstream,
    *,
    failure: dict[str, object],
    outcome: str | None,
) -> None:
    downstream.post(ANY_URL, **failure)

    with pytest.raises(DownstreamError) as caught:
        await accounts.decide(ctx, USER, "approve", ApproveUserV1(expected_version=1))

    assert caught.value.details.get("outcome") == outcome


async def test_a_refusal_that_is_no_envelope_is_a_failure(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, status=404, payload={"detail": "Not Found"})

    with pytest.raises(DownstreamFailed) as caught:
        await accounts.one(ctx, USER)

    assert caught.value.reason == "no_envelope"


async def test_newest_decisions(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    downstream.get(ANY_URL, payload={"decisions": [], "next_cursor": None})

    since = datetime(2026, 1, 31, tzinfo=UTC)
    await accounts.newest(ctx, TrailQuery(limit=10, before=7, actor=USER, since=since))

    assert the_request(downstream).url.path == "/v1/admin/decisions"
    assert dict(the_request(downstream).url.query) == {
        "limit": "10",
        "cursor": "7",
        "actor": USER,
        "since": "2026-01-31T00:00:00.000000Z",
    }


async def test_decisions_of_an_actor_that_no_account_has_are_none(
    accounts: HttpAccounts, ctx: RequestContext, downstream: MockedDownstream
) -> None:
    page = await accounts.newest(ctx, TrailQuery(limit=10, actor="command line"))

    assert (page.value.decisions, downstream.received) == ([], [])
