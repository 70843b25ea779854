"""After a write, no admin is shown what was read before it, however long reads may be cached."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bff_core.testing import Reply
from tests.faults.admin.answers import ACCOUNT_STATE, DECISION, PERSON, reply
from tests.faults.admin.conftest import AdminBff, running_bff
from tests.faults.admin.test_admin_audit import entry_ids
from tests.faults.admin.test_admin_overview import STAMP, all_healthy
from tests.faults.admin.test_admin_settings import CHANGE, TAG, WRITE

LONG_CACHES = {
    f"BFF_ADMIN_SERVICE_{service}__READ__MAX_AGE": "600"
    for service in ("IDENTITY", "CONFIG_SERVICE")
}
ACCOUNT = f"/users/{PERSON}"
ITEM = {"user_id": PERSON, "decision": "approve", "expected_version": 1}
DECIDED = {
    "user_id": PERSON,
    "outcome": "decided",
    "status": 200,
    "decision": ACCOUNT_STATE,
    "error": None,
}
SETTINGS_WRITES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a change": ("PUT", "/settings/maintenance", WRITE),
    "a rollback": ("POST", "/settings/maintenance/rollback", {"to_version": 2, "reason": "x"}),
}
ACCOUNT_WRITES: dict[str, tuple[str, dict[str, Any]]] = {
    "an approval": (f"{ACCOUNT}/approve", {"expected_version": 1, "note": None}),
    "a denial": (f"{ACCOUNT}/deny", {"expected_version": 1, "reason": "unknown here"}),
    "decisions": ("/users/decisions", {"items": [ITEM]}),
}


@pytest.fixture
async def caching() -> AsyncIterator[AdminBff]:
    async with running_bff(**LONG_CACHES) as bff:
        all_healthy(bff)
        yield bff


@pytest.mark.parametrize("write", SETTINGS_WRITES)
async def test_settings_after_a_write_are_read_again(caching: AdminBff, write: str) -> None:
    _, before = await caching.get("/overview")
    now = {
        "namespace": "maintenance",
        "version": 5,
        "etag": TAG,
        "values": {"read_only": True},
        **STAMP,
    }
    written, read = reply(CHANGE, ETag=TAG), reply(now, ETag=TAG)
    caching.config.on("/v1/settings/maintenance", *([written] if write == "a change" else []), read)
    caching.config.on("/v1/settings/maintenance/rollback", written)
    method, path, body = SETTINGS_WRITES[write]

    answer = await caching.ask(method, path, body, {"If-Match": TAG})

    _, after = await caching.get("/overview")
    assert answer.status_code == 200
    versions = [one["changed_settings"][0]["version"] for one in (before, after)]
    assert versions == [4, 5]


@pytest.mark.parametrize("write", ACCOUNT_WRITES)
async def test_decisions_after_a_write_are_read_again(caching: AdminBff, write: str) -> None:
    _, before = await caching.get("/overview")
    path, body = ACCOUNT_WRITES[write]
    answer_of = {"results": [DECIDED]} if write == "decisions" else ACCOUNT_STATE
    caching.identity.on(f"/v1/admin{path}", reply(answer_of))
    newer = {"decisions": [DECISION | {"sequence": 8}], "next_cursor": None}
    caching.identity.on("/v1/admin/decisions", reply(newer))

    answer = await caching.ask("POST", path, body)

    _, after = await caching.get("/overview")
    assert answer.status_code == 200
    assert [("users", 8) in shown(one) for one in (before, after)] == [False, True]


async def test_a_write_of_unknown_outcome_is_read_again_too(caching: AdminBff) -> None:
    await caching.get("/overview")
    caching.identity.on(f"/v1/admin{ACCOUNT}/approve", Reply(raw=b""))
    newer = {"decisions": [DECISION | {"sequence": 8}], "next_cursor": None}
    caching.identity.on("/v1/admin/decisions", reply(newer))

    answer = await caching.ask("POST", f"{ACCOUNT}/approve", {"expected_version": 1, "note": None})

    _, after = await caching.get("/overview")
    assert (answer.status_code, ("users", 8) in shown(after)) == (503, True)


def shown(overview: dict[str, Any]) -> list[tuple[str, int]]:
    return entry_ids({"entries": overview["recent_changes"]})
