"""The overview never fails as a whole: each service at fault costs its own parts."""

from typing import Any

import pytest

from bff_core.testing import ANY, Reply
from tests.faults.admin.answers import ADMIN, DECISION, FAULTS, SECRETIVE, USER, refusal, reply
from tests.faults.admin.conftest import Desk
from tests.faults.admin.test_admin_audit import CHANGES, DECISIONS, told

STAMP = {"updated_at": "2026-01-31T12:00:00.000000Z", "updated_by": ADMIN}
BLANK = {"updated_at": None, "updated_by": None}
LIST = [
    {"namespace": "maintenance", "title": "M", "description": "", "version": 4, **STAMP},
    {"namespace": "uploads", "title": "U", "description": "", "version": 0, **BLANK},
]
HEALTHY = {"service": "x", "status": "healthy", "version": "1.2.3", "inner": SECRETIVE}


def all_well(desk: Desk) -> None:
    space = {"namespace": "maintenance"}
    desk.config.on("/v1/audit", CHANGES)
    desk.config.on("/v1/settings", reply({"namespaces": LIST}))
    now = {**space, "version": 4, "values": {"read_only": True, "same": 1}, **STAMP}
    desk.config.on("/v1/settings/maintenance", reply(now, ETag='"x"'))
    then = {**space, "version": 0, "values": {"read_only": False, "same": 1}, "reason": None}
    desk.config.on("/v1/settings/maintenance/versions/0", reply({**then, **BLANK}))
    desk.config.on("/healthz", reply(HEALTHY))
    desk.identity.on("/v1/admin/decisions", DECISIONS)
    desk.identity.on("/v1/admin/users/pending", reply({"users": [USER], "next_cursor": None}))
    desk.identity.on("/healthz", reply(HEALTHY))


def missing(body: dict[str, Any]) -> set[str]:
    return {part["name"] for part in body["parts"] if part["status"] == "missing"}


def health(body: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["status"] for one in body["services"]}


async def test_all_well_shows_everything(desk: Desk) -> None:
    all_well(desk)

    status, body = await desk.get("/overview")

    assert (status, missing(body)) == (200, set())
    waiting = {"count": 1, "is_exact": True, "oldest_waiting_seconds": 86400}
    assert body["pending"] == waiting
    entries = {"entries": body["recent_changes"]}
    assert told(entries) == [("users", DECISION["sequence"]), ("settings", 17)]
    changed = body["changed_settings"]
    assert [(one["namespace"], one["version"]) for one in changed] == [("maintenance", 4)]
    assert changed[0]["values"] == [{"pointer": "/read_only", "value": True, "default": False}]
    assert health(body) == {"config_service": "healthy", "identity": "healthy"}
    assert {one["version"] for one in body["services"]} == {"1.2.3"}
    assert {(one["service"], one["state"]) for one in body["breakers"]} == {
        ("config_service", "closed"),
        ("identity_admin", "closed"),
    }
    assert SECRETIVE not in repr(body)


@pytest.mark.parametrize("fault", FAULTS)
async def test_identity_at_fault_costs_who_waits_and_who_decided(desk: Desk, fault: str) -> None:
    all_well(desk)
    for path in ("/v1/admin/decisions", "/v1/admin/users/pending", "/healthz"):
        desk.identity.on(path, FAULTS[fault])

    status, body = await desk.get("/overview")

    assert (status, missing(body)) == (200, {"pending", "user_decisions"})
    assert body["pending"] is None
    assert told({"entries": body["recent_changes"]}) == [("settings", 17)]
    assert health(body)["identity"] in {"unhealthy", "unreachable"}
    assert health(body)["config_service"] == "healthy"


@pytest.mark.parametrize("fault", FAULTS)
async def test_config_service_at_fault_costs_the_settings(desk: Desk, fault: str) -> None:
    all_well(desk)
    for path in ("/v1/audit", "/v1/settings", "/healthz"):
        desk.config.on(path, FAULTS[fault])

    status, body = await desk.get("/overview")

    assert (status, missing(body)) == (200, {"setting_changes", "changed_settings"})
    assert body["changed_settings"] is None
    assert body["pending"]["count"] == 1


async def test_both_away_is_still_an_overview(unheard: Desk) -> None:
    status, body = await unheard.get("/overview")

    assert status == 200
    assert (body["pending"], body["recent_changes"], body["changed_settings"]) == (None,) * 3
    assert set(health(body).values()) == {"unreachable"}


async def test_an_admin_that_identity_does_not_know_sees_the_rest(desk: Desk) -> None:
    all_well(desk)
    stranger = refusal(403, "AUTHORIZATION_ERROR")
    desk.identity.on("/v1/admin/users/pending", stranger)
    desk.identity.on("/v1/admin/decisions", stranger)

    status, body = await desk.get("/overview")

    assert (status, missing(body)) == (200, {"pending", "user_decisions"})
    codes = {part["name"]: part["code"] for part in body["parts"]}
    assert codes["pending"] == "AUTHORIZATION_ERROR"


async def test_many_who_wait_are_counted_to_a_bound(desk: Desk) -> None:
    all_well(desk)
    page = reply({"users": [USER] * 100, "next_cursor": "more"})
    desk.identity.on("/v1/admin/users/pending", page)

    _, body = await desk.get("/overview")

    assert (body["pending"]["count"], body["pending"]["is_exact"]) == (500, False)


async def test_a_service_that_says_it_is_not_well_is_unhealthy(desk: Desk) -> None:
    desk.config.on(ANY, reply({"status": "unhealthy", "version": "1"}, 503))
    desk.identity.on(ANY, Reply(200, b'{"status": "odd"}'))

    _, body = await desk.get("/overview")

    assert health(body) == {"config_service": "unhealthy", "identity": "unhealthy"}
