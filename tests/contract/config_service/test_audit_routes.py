"""The audit over HTTP, on both databases."""

from typing import Any

from bff_core.testing import FakeClock
from tests.config_service_kit import SettingsClient

NS = "uploads"


async def write(settings: SettingsClient, times: int, namespace: str = NS) -> None:
    etag = (await settings.read(namespace)).etag
    for number in range(times):
        user = f"admin-{number % 2 + 1}"
        etag = (await settings.put(namespace, {}, etag, user=user)).etag


async def test_entry_says_who_what_when_why_and_for_whom(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag
    written = await settings.put(NS, {"enabled": False}, etag, reason="Exam week")

    entry = (await settings.get("/v1/audit")).body["entries"][0]
    whole = (await settings.get("/v1/audit/1")).body

    assert entry == {
        "sequence": 1,
        "at": "2026-01-31T12:00:00.000000Z",
        "actor": "admin-1",
        "service": "bff-admin-service",
        "correlation_id": written.headers["x-correlation-id"],
        "namespace": NS,
        "version_before": 0,
        "version_after": 1,
        "reason": "Exam week",
        "diff": [{"op": "replace", "path": "/enabled", "value": False}],
    }
    assert (whole["before"]["enabled"], whole["after"]["enabled"]) == (True, False)
    assert (whole["prev_mac"], len(whole["mac"])) == ("0" * 64, 64)


async def test_pages_follow_each_other_without_a_gap(settings: SettingsClient) -> None:
    await write(settings, 5)
    seen: list[int] = []
    page: dict[str, Any] = {}
    cursor = ""
    for _ in range(3):
        page = (await settings.get(f"/v1/audit?limit=2{cursor}")).body
        seen += [entry["sequence"] for entry in page["entries"]]
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == [5, 4, 3, 2, 1]
    assert page["next_cursor"] is None


async def test_filters_choose(settings: SettingsClient, clock: FakeClock) -> None:
    await write(settings, 3)
    clock.advance(60)
    await write(settings, 1, "maintenance")

    async def sequences(query: str) -> list[int]:
        entries = (await settings.get(f"/v1/audit?{query}")).body["entries"]
        return [entry["sequence"] for entry in entries]

    assert await sequences(f"namespace={NS}") == [3, 2, 1]
    assert await sequences("actor=admin-2") == [2]
    assert await sequences("since=2026-01-31T12:01:00Z") == [4]
    assert await sequences("since=2026-01-31T13:01:00%2B01:00") == [4]
    assert await sequences("since=0001-01-01T00:00:00Z&limit=1") == [4]


async def test_odd_filters_are_400(settings: SettingsClient) -> None:
    for query in (
        "limit=0",
        "limit=101",
        "cursor=x",
        "cursor=-1",
        "actor=a%00b",
        "namespace=A",
        "since=yesterday",
        "since=2026-01-31T12:00:00",
        "since=0001-01-01T00:00:00%2B23:00",
        "since=9999-12-31T23:59:59-23:00",
        "more=1",
    ):
        assert (await settings.get(f"/v1/audit?{query}")).status == 400, query


async def test_unknown_entry_is_404(settings: SettingsClient) -> None:
    for sequence in ("0", "1", "9007199254740992", "9" * 30, "x"):
        assert (await settings.get(f"/v1/audit/{sequence}")).status == 404


async def test_whole_chain_is_verified(settings: SettingsClient) -> None:
    empty = (await settings.get("/v1/audit/verify")).body
    await write(settings, 3)

    verdict = (await settings.get("/v1/audit/verify")).body
    last = (await settings.get("/v1/audit/3")).body

    assert empty == {"valid": True, "length": 0, "head": "0" * 64, "fault": None}
    assert verdict == {"valid": True, "length": 3, "head": last["mac"], "fault": None}
