"""The merged audit while a source is unavailable."""

from typing import Any

import pytest

from bff_core.testing import ANY, Reply
from tests.faults.admin.answers import ADMIN, DECISION, FAULTS, LEAK, refusal, reply
from tests.faults.admin.conftest import AdminBff

CHANGE = {
    "sequence": 17,
    "at": "2026-01-31T12:00:00.000000Z",
    "actor": ADMIN,
    "service": LEAK,
    "correlation_id": "6d0f5e0a-1f2b-4f5e-9a57-7a5d0f3d9c11",
    "namespace": "maintenance",
    "version_before": 3,
    "version_after": 4,
    "reason": "Saturday",
    "diff": [{"op": "replace", "path": "/read_only", "value": True}],
}
CHANGES = reply({"entries": [CHANGE], "next_cursor": None})
DECISIONS = reply({"decisions": [DECISION], "next_cursor": None})


def entry_ids(body: dict[str, list[dict[str, Any]]]) -> list[tuple[str, int]]:
    return [(entry["source"], entry["sequence"]) for entry in body["entries"]]


async def test_both_sources_make_one_list(bff: AdminBff) -> None:
    bff.config.on("/v1/audit", CHANGES)
    bff.identity.on("/v1/admin/decisions", DECISIONS)

    status, body = await bff.get("/audit")

    assert status == 200
    assert entry_ids(body) == [("users", 7), ("settings", 17)]
    assert (body["next_cursor"], body["complete_until"]) == (None, None)
    assert LEAK not in repr(body)


async def test_filters_go_to_the_source_that_is_wanted(bff: AdminBff) -> None:
    bff.config.on("/v1/audit", CHANGES)

    _, body = await bff.get(
        f"/audit?source=settings&actor={ADMIN}&since=2026-01-01T00:00:00%2B01:00&limit=5"
    )

    assert [part["name"] for part in body["parts"]] == ["settings"]
    assert bff.identity.requests == []
    target = bff.config.requests[0].target
    assert target == f"/v1/audit?limit=5&actor={ADMIN}&since=2025-12-31T23%3A00%3A00.000000Z"


async def test_an_actor_that_no_account_can_be_has_decided_nothing(bff: AdminBff) -> None:
    bff.config.on("/v1/audit", CHANGES)

    status, body = await bff.get("/audit?actor=admin-1")

    assert (status, entry_ids(body)) == (200, [("settings", 17)])
    assert bff.identity.requests == []


@pytest.mark.parametrize("fault", FAULTS)
async def test_identity_at_fault_leaves_the_settings_and_says_what_lacks(
    bff: AdminBff, fault: str
) -> None:
    bff.config.on("/v1/audit", CHANGES)
    bff.identity.on(ANY, FAULTS[fault])

    answer = await bff.ask("GET", "/audit")

    body = await answer.get_json()
    assert (answer.status_code, entry_ids(body)) == (200, [("settings", 17)])
    assert [part["status"] for part in body["parts"]] == ["ok", "missing"]
    assert body["complete_until"] > DECISION["decided_at"]
    assert answer.headers["X-Parts-Incomplete"] == "users"


async def test_a_source_that_is_back_gives_what_it_owed(bff: AdminBff) -> None:
    bff.config.on("/v1/audit", CHANGES)
    bff.identity.on("/v1/admin/decisions", Reply(500))
    _, first = await bff.get("/audit")
    bff.identity.on("/v1/admin/decisions", DECISIONS)

    status, second = await bff.get(f"/audit?cursor={first['next_cursor']}")

    assert (status, entry_ids(second)) == (200, [("users", 7)])
    assert (second["next_cursor"], second["complete_until"]) == (None, None)


async def test_both_away_is_an_empty_page_to_try_again(bff: AdminBff) -> None:
    bff.config.on(ANY, refusal(503, "SERVICE_UNAVAILABLE"))
    bff.identity.on(ANY, refusal(503, "SERVICE_UNAVAILABLE"))

    status, body = await bff.get("/audit")

    assert (status, body["entries"]) == (200, [])
    assert body["next_cursor"]
    assert body["complete_until"]


async def test_a_cursor_belongs_to_its_filters(bff: AdminBff) -> None:
    bff.config.on(ANY, Reply(500))
    bff.identity.on(ANY, Reply(500))
    _, body = await bff.get("/audit")

    status, refused = await bff.get(f"/audit?source=users&cursor={body['next_cursor']}")

    assert status == 400
    assert refused["error"]["details"]["errors"][0]["pointer"] == "/cursor"
