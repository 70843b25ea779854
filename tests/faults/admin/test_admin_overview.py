"""The overview never fails as a whole: a failing service only removes its own parts."""

from typing import Any

import pytest

from bff_core.testing import ANY, Reply, stub_server
from tests.faults.admin.answers import ADMIN, DECISION, FAULTS, LEAK, USER, refusal, reply
from tests.faults.admin.conftest import AdminBff, running_bff
from tests.faults.admin.test_admin_audit import CHANGES, DECISIONS, entry_ids

STAMP = {"updated_at": "2026-01-31T12:00:00.000000Z", "updated_by": ADMIN}
BLANK = {"updated_at": None, "updated_by": None}
LIST = [
    {"namespace": "maintenance", "title": "M", "description": "", "version": 4, **STAMP},
    {"namespace": "uploads", "title": "U", "description": "", "version": 0, **BLANK},
]
HEALTHY = {"service": "x", "status": "healthy", "version": "1.2.3", "inner": LEAK}


def all_healthy(bff: AdminBff) -> None:
    space = {"namespace": "maintenance"}
    bff.config.on("/v1/audit", CHANGES)
    bff.config.on("/v1/settings", reply({"namespaces": LIST}))
    now = {**space, "version": 4, "etag": '"t"', "values": {"read_only": True, "same": 1}, **STAMP}
    bff.config.on("/v1/settings/maintenance", reply(now, ETag='"x"'))
    then = {**space, "version": 0, "values": {"read_only": False, "same": 1}, "reason": None}
    bff.config.on("/v1/settings/maintenance/versions/0", reply({**then, **BLANK}))
    bff.config.on("/healthz", reply(HEALTHY))
    bff.identity.on("/v1/admin/decisions", DECISIONS)
    bff.identity.on("/v1/admin/users/pending", reply({"users": [USER], "next_cursor": None}))
    bff.identity.on("/healthz", reply(HEALTHY))
    bff.entitlements.on("/healthz", reply(HEALTHY))


def missing(body: dict[str, Any]) -> set[str]:
    return {part["name"] for part in body["parts"] if part["status"] == "missing"}


def health(body: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["status"] for one in body["services"]}


async def test_all_well_shows_everything(bff: AdminBff) -> None:
    all_healthy(bff)

    status, body = await bff.get("/overview")

    assert (status, missing(body)) == (200, set())
    waiting = {"count": 1, "is_exact": True, "oldest_waiting_seconds": 86400}
    assert body["pending"] == waiting
    entries = {"entries": body["recent_changes"]}
    assert entry_ids(entries) == [("users", DECISION["sequence"]), ("settings", 17)]
    changed = body["changed_settings"]
    assert [(one["namespace"], one["version"]) for one in changed] == [("maintenance", 4)]
    assert changed[0]["values"] == [{"pointer": "/read_only", "value": True, "default": False}]
    assert health(body) == dict.fromkeys(("config_service", "entitlements", "identity"), "healthy")
    assert {one["version"] for one in body["services"]} == {"1.2.3"}
    assert {one["state"] for one in body["breakers"]} == {"closed"}
    assert {(one["service"], one["operation"]) for one in body["breakers"]} > {
        ("config_service", None),
        ("config_service", "settings"),
        ("identity_admin", None),
    }
    assert LEAK not in repr(body)


@pytest.mark.parametrize("fault", FAULTS)
async def test_identity_at_fault_costs_who_waits_and_who_decided(bff: AdminBff, fault: str) -> None:
    all_healthy(bff)
    for path in ("/v1/admin/decisions", "/v1/admin/users/pending", "/healthz"):
        bff.identity.on(path, FAULTS[fault])

    status, body = await bff.get("/overview")

    assert (status, missing(body)) == (200, {"pending", "user_decisions"})
    assert body["pending"] is None
    assert entry_ids({"entries": body["recent_changes"]}) == [("settings", 17)]
    assert health(body)["identity"] in {"unhealthy", "unreachable"}
    assert health(body)["config_service"] == "healthy"


@pytest.mark.parametrize("fault", FAULTS)
async def test_config_service_at_fault_costs_the_settings(bff: AdminBff, fault: str) -> None:
    all_healthy(bff)
    for path in ("/v1/audit", "/v1/settings", "/healthz"):
        bff.config.on(path, FAULTS[fault])

    status, body = await bff.get("/overview")

    assert (status, missing(body)) == (200, {"setting_changes", "changed_settings"})
    assert body["changed_settings"] is None
    assert body["pending"]["count"] == 1


async def test_both_away_is_still_an_overview(unreachable_services: AdminBff) -> None:
    status, body = await unreachable_services.get("/overview")

    assert status == 200
    assert (body["pending"], body["recent_changes"], body["changed_settings"]) == (None,) * 3
    assert set(health(body).values()) == {"unreachable"}


async def test_an_admin_that_identity_does_not_know_sees_the_rest(bff: AdminBff) -> None:
    all_healthy(bff)
    stranger = refusal(403, "AUTHORIZATION_ERROR")
    bff.identity.on("/v1/admin/users/pending", stranger)
    bff.identity.on("/v1/admin/decisions", stranger)

    status, body = await bff.get("/overview")

    assert (status, missing(body)) == (200, {"pending", "user_decisions"})
    codes = {part["name"]: part["code"] for part in body["parts"]}
    assert codes["pending"] == "AUTHORIZATION_ERROR"


async def test_many_who_wait_are_counted_to_a_bound(bff: AdminBff) -> None:
    all_healthy(bff)
    page = reply({"users": [USER] * 100, "next_cursor": "more"})
    bff.identity.on("/v1/admin/users/pending", page)

    _, body = await bff.get("/overview")

    assert (body["pending"]["count"], body["pending"]["is_exact"]) == (500, False)


async def test_a_service_that_says_it_is_not_well_is_unhealthy(bff: AdminBff) -> None:
    bff.config.on(ANY, reply({"status": "unhealthy", "version": "1"}, 503))
    bff.identity.on(ANY, Reply(200, b'{"status": "odd"}'))
    bff.entitlements.on(ANY, Reply(500))

    _, body = await bff.get("/overview")

    assert set(health(body).values()) == {"unhealthy"}


UNREACHABLE = "http://127.0.0.1:9"
READING = {"status": "connected", "lag": 3, "silent_seconds": 1.5, "rejects": 0}
UNREAD = {"status": "connecting", "lag": None, "silent_seconds": None, "rejects": None}


@pytest.mark.parametrize(
    ("dependencies", "shown", "code"),
    [
        ({"events": READING}, READING, None),
        ({"events": {**UNREAD, "more": LEAK}}, UNREAD, None),
        ({"events": {"status": "absent"}}, {**UNREAD, "status": "absent"}, None),
        # From a newer service.
        ({"events": {"status": "sleeping", "lag": 0}}, None, "EXTERNAL_SERVICE_ERROR"),
        ({"events": [LEAK]}, None, "EXTERNAL_SERVICE_ERROR"),
    ],
)
async def test_consumer_of_events_is_shown_as_far_as_it_is_known(
    dependencies: Any, shown: Any, code: str | None
) -> None:
    async with stub_server() as teacher:
        teacher.on("/healthz", reply({"status": "healthy", "dependencies": dependencies}))
        async with running_bff(BFF_ADMIN_SERVICE_HEALTH__BFF_TEACHER=teacher.url) as bff:
            all_healthy(bff)

            status, body = await bff.get("/overview")

    [part] = [one for one in body["parts"] if one["name"] == "events_consumer"]
    assert (status, body["events"], part["code"]) == (200, shown, code)
    assert health(body)["bff_teacher"] == "healthy"
    assert LEAK not in repr(body)


@pytest.mark.parametrize("dependencies", [{}, None])
async def test_consumer_is_no_part_where_no_events_are_read(dependencies: Any) -> None:
    async with stub_server() as teacher:
        teacher.on("/healthz", reply({"status": "healthy", "dependencies": dependencies}))
        async with running_bff(BFF_ADMIN_SERVICE_HEALTH__BFF_TEACHER=teacher.url) as bff:
            all_healthy(bff)

            status, body = await bff.get("/overview")

    assert (status, body["events"], missing(body)) == (200, None, set())
    assert "events_consumer" not in {one["name"] for one in body["parts"]}


async def test_teacher_bff_at_fault_leaves_its_events_unknown() -> None:
    async with running_bff(BFF_ADMIN_SERVICE_HEALTH__BFF_TEACHER=UNREACHABLE) as bff:
        all_healthy(bff)

        status, body = await bff.get("/overview")

    assert (status, missing(body)) == (200, {"events_consumer"})
    assert body["events"] is None
