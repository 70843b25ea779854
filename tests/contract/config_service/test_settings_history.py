"""Dry runs, replays, versions and rollbacks, on both databases."""

import pytest

from bff_core.testing import FakeClock
from tests.config_service_kit import SettingsClient
from tests.contract.config_service.conftest import RecordingChangeFeed

NS = "uploads"
PATH = f"/v1/settings/{NS}"


async def test_dry_run_shows_and_writes_nothing(
    settings: SettingsClient, changes: RecordingChangeFeed
) -> None:
    etag = (await settings.read(NS)).etag

    shown = await settings.put(NS, {"enabled": False}, etag, query="?dry_run=true", key="k")
    missing = await settings.put(NS, {"enabled": False}, None, query="?dry_run=true")
    invalid = await settings.put(NS, {"enabled": 0}, etag, query="?dry_run=true")

    assert (shown.status, shown.body["version"], shown.body["dry_run"]) == (200, 1, True)
    assert shown.body["diff"] == [{"op": "replace", "path": "/enabled", "value": False}]
    assert shown.etag == etag == (await settings.read(NS)).etag
    assert (missing.status, invalid.status) == (428, 400)
    assert (await settings.get("/v1/audit")).body["entries"] == []
    assert changes.published == []
    # The key was not used up.
    assert (await settings.put(NS, {"enabled": False}, etag, key="k")).body["version"] == 1


async def test_same_key_replays_the_answer(
    settings: SettingsClient, changes: RecordingChangeFeed
) -> None:
    etag = (await settings.read(NS)).etag
    first = await settings.put(NS, {"enabled": False}, etag, key="k-1")

    again = await settings.put(NS, {"enabled": False}, etag, key="k-1")

    assert (again.status, again.body, again.etag) == (200, first.body, first.etag)
    assert again.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    assert (await settings.read(NS)).body["version"] == 1
    assert changes.published == [(NS, 1)]


async def test_same_key_with_another_body_is_409(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag
    first = await settings.put(NS, {"enabled": False}, etag, key="k-1")

    answer = await settings.put(NS, {"enabled": True}, first.etag, key="k-1")

    assert (answer.status, answer.error["code"]) == (409, "CONFLICT")
    assert answer.error["details"] == {"reason": "idempotency_key_reused"}
    assert answer.etag == first.etag


async def test_key_belongs_to_one_admin(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag
    first = await settings.put(NS, {"enabled": False}, etag, key="k-1")

    answer = await settings.put(NS, {"enabled": True}, first.etag, key="k-1", user="admin-2")

    assert (answer.status, answer.body["version"]) == (200, 2)


async def test_key_is_forgotten_after_24_hours(settings: SettingsClient, clock: FakeClock) -> None:
    etag = (await settings.read(NS)).etag
    await settings.put(NS, {}, etag, key="k-1")

    clock.advance(24 * 3600 - 1)
    remembered = await settings.put(NS, {}, etag, key="k-1")
    clock.advance(2)
    # The token is checked on the same clock only in unit tests; here it is the real one.
    forgotten = await settings.put(NS, {}, etag, key="k-1")

    assert (remembered.status, forgotten.status) == (200, 412)


async def test_refused_write_does_not_use_up_its_key(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag
    await settings.put(NS, {"enabled": 1}, etag, key="k-1")

    answer = await settings.put(NS, {"enabled": False}, etag, key="k-1")

    assert answer.status == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é"])
async def test_odd_key_is_400(settings: SettingsClient, key: str) -> None:
    answer = await settings.put(NS, {}, (await settings.read(NS)).etag, key=key)

    assert (answer.status, answer.error["code"]) == (400, "INVALID_REQUEST")


async def test_versions_are_listed_newest_first_and_paged(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag
    for size in (1, 2, 3):
        etag = (await settings.put(NS, {"max_file_mebibytes": size}, etag)).etag

    first = await settings.get(f"{PATH}/versions?limit=2")
    second = await settings.get(f"{PATH}/versions?limit=2&before={first.body['next_before']}")

    assert [one["version"] for one in first.body["versions"]] == [3, 2]
    assert [one["version"] for one in second.body["versions"]] == [1]
    assert second.body["next_before"] is None
    assert first.body["versions"][0]["reason"] == "because"


async def test_every_version_stays_readable(settings: SettingsClient) -> None:
    one = await settings.put(NS, {"max_file_mebibytes": 1}, (await settings.read(NS)).etag)
    await settings.put(NS, {"max_file_mebibytes": 2}, one.etag)

    answers = [await settings.get(f"{PATH}/versions/{number}") for number in (0, 1, 2, 3)]

    sizes = [answer.body["values"]["max_file_mebibytes"] for answer in answers[:3]]
    assert sizes == [10, 1, 2]
    assert answers[3].status == 404


@pytest.mark.parametrize("number", ["-1", "2147483648", "9" * 30, "x"])
async def test_version_that_cannot_be_is_404(settings: SettingsClient, number: str) -> None:
    assert (await settings.get(f"{PATH}/versions/{number}")).status == 404


async def test_rollback_is_a_new_version_with_the_old_values(settings: SettingsClient) -> None:
    one = await settings.put(NS, {"max_file_mebibytes": 1}, (await settings.read(NS)).etag)
    two = await settings.put(NS, {"max_file_mebibytes": 2}, one.etag)

    shown = await settings.roll_back(NS, 1, two.etag, query="?dry_run=true")
    back = await settings.roll_back(NS, 1, two.etag)
    to_defaults = await settings.roll_back(NS, 0, back.etag)

    assert (shown.body["version"], shown.body["dry_run"]) == (3, True)
    assert (back.body["version"], back.body["values"]) == (3, one.body["values"])
    assert to_defaults.body["values"]["max_file_mebibytes"] == 10
    assert to_defaults.body["version"] == 4


async def test_rollback_keeps_to_the_same_rules(settings: SettingsClient) -> None:
    old = await settings.read(NS)
    current = await settings.put(NS, {}, old.etag)

    nowhere = await settings.roll_back(NS, 7, current.etag)

    assert (await settings.roll_back(NS, 0, None)).status == 428
    assert (await settings.roll_back(NS, 0, old.etag)).status == 412
    assert nowhere.status == 400
    assert nowhere.error["details"]["errors"][0]["pointer"] == "/to_version"
    assert (await settings.roll_back("nothing", 0, old.etag)).status == 404
