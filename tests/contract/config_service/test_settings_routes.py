"""Promises of the settings API, on both databases."""

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.config_service_kit import SERVICE_HEADERS, SettingsClient, as_admin, as_user
from tests.contract.config_service.conftest import RecordingChangeFeed

NS = "uploads"
PATH = f"/v1/settings/{NS}"


async def test_never_written_is_version_0_with_defaults_and_a_tag(settings: SettingsClient) -> None:
    answer = await settings.read(NS)

    assert answer.status == 200
    assert answer.body["version"] == 0
    assert answer.body["values"]["max_file_mebibytes"] == 10
    assert (answer.body["updated_at"], answer.body["updated_by"]) == (None, None)
    assert answer.etag.startswith('"')


async def test_reads_of_other_services_are_no_lines_in_the_log_and_writes_are(
    settings: SettingsClient,
) -> None:
    with capture_logs() as logs:
        before = await settings.read(NS)
        await settings.get(PATH)
        await settings.put(NS, {"max_file_mebibytes": 20}, before.etag)

    told = [line["method"] for line in logs if line["log_level"] == "info"]
    assert told == ["PUT"]


async def test_list_names_every_namespace(settings: SettingsClient) -> None:
    first = await settings.read(NS)
    await settings.put(NS, {}, first.etag)

    answer = await settings.get("/v1/settings")

    listed = {one["namespace"]: one for one in answer.body["namespaces"]}
    assert list(listed) == ["assessment", "maintenance", "notifications", "uploads"]
    assert (listed[NS]["version"], listed[NS]["updated_by"]) == (1, "admin-1")
    assert (listed["maintenance"]["version"], listed["maintenance"]["updated_at"]) == (0, None)


async def test_schema_is_answered_as_it_stands_in_the_file(settings: SettingsClient) -> None:
    answer = await settings.get(f"{PATH}/schema")

    assert answer.body["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert answer.body["title"] == "Uploads"
    assert (await settings.get(f"{PATH}/schema", **{"If-None-Match": answer.etag})).status == 304


async def test_write_makes_the_next_version(
    settings: SettingsClient, changes: RecordingChangeFeed
) -> None:
    before = await settings.read(NS)

    written = await settings.put(NS, {"max_file_mebibytes": 20}, before.etag)
    after = await settings.read(NS)

    assert written.status == 200
    assert written.body["version"] == after.body["version"] == 1
    assert written.body["diff"] == [{"op": "replace", "path": "/max_file_mebibytes", "value": 20}]
    assert written.body["dry_run"] is False
    assert after.body["values"] == before.body["values"] | {"max_file_mebibytes": 20}
    assert after.body["updated_by"] == "admin-1"
    assert after.body["updated_at"] == "2026-01-31T12:00:00.000000Z"
    assert written.etag == after.etag != before.etag
    assert changes.published == [(NS, 1)]


async def test_what_is_left_out_goes_back_to_its_default(settings: SettingsClient) -> None:
    one = await settings.put(NS, {"max_file_mebibytes": 20}, (await settings.read(NS)).etag)

    two = await settings.put(NS, {"enabled": False}, one.etag)

    assert two.body["values"]["max_file_mebibytes"] == 10


async def test_current_tag_is_answered_304(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag

    answer = await settings.get(PATH, **{"If-None-Match": etag})

    assert (answer.status, answer.body, answer.etag) == (304, None, etag)


async def test_old_tag_is_answered_in_full(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag
    await settings.put(NS, {}, etag)

    answer = await settings.get(PATH, **{"If-None-Match": etag})

    assert (answer.status, answer.body["version"]) == (200, 1)


@pytest.mark.parametrize("if_match", [None, "*", ""])
async def test_write_that_names_no_version_is_428(
    settings: SettingsClient, if_match: str | None
) -> None:
    current = await settings.read(NS)

    answer = await settings.put(NS, {}, if_match)

    assert (answer.status, answer.error["code"]) == (428, "PRECONDITION_REQUIRED")
    assert answer.etag == current.etag == answer.error["details"]["current_etag"]


async def test_write_on_another_version_is_412_with_the_difference(
    settings: SettingsClient,
) -> None:
    old = await settings.read(NS)
    current = await settings.put(NS, {"enabled": False}, old.etag)

    answer = await settings.put(NS, {"max_file_mebibytes": 20}, old.etag)

    assert (answer.status, answer.error["code"]) == (412, "PRECONDITION_FAILED")
    assert answer.etag == current.etag
    assert answer.error["details"] == {
        "current_etag": current.etag,
        "current_version": 1,
        "diff": [
            {"op": "replace", "path": "/enabled", "value": True},
            {"op": "replace", "path": "/max_file_mebibytes", "value": 20},
        ],
    }
    assert (await settings.read(NS)).body["version"] == 1


async def test_weak_tag_is_412(settings: SettingsClient) -> None:
    answer = await settings.put(NS, {}, f"W/{(await settings.read(NS)).etag}")

    assert answer.status == 412


async def test_one_of_several_tags_is_enough(settings: SettingsClient) -> None:
    answer = await settings.put(NS, {}, f'"other", {(await settings.read(NS)).etag}')

    assert answer.status == 200


async def test_tag_without_quotes_is_400(settings: SettingsClient) -> None:
    answer = await settings.put(NS, {}, "abc")

    assert (answer.status, answer.error["code"]) == (400, "INVALID_REQUEST")


async def test_invalid_values_are_400_with_every_pointer(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag
    values = {"enabled": "yes", "max_file_mebibytes": 0, "allowed_extensions": ["txt"], "more": 1}

    answer = await settings.put(NS, values, etag)

    assert (answer.status, answer.error["code"]) == (400, "VALIDATION_ERROR")
    assert answer.etag == etag
    assert [one["pointer"] for one in answer.error["details"]["errors"]] == [
        "/values/allowed_extensions/0",
        "/values/enabled",
        "/values/max_file_mebibytes",
        "/values/more",
    ]
    assert (await settings.read(NS)).body["version"] == 0


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"values": {}}, "/reason"),
        ({"reason": "x"}, "/values"),
        ({"values": [], "reason": "x"}, "/values"),
        ({"values": {}, "reason": " "}, "/reason"),
        ({"values": {}, "reason": "x" * 501}, "/reason"),
        ({"values": {}, "reason": "a\u0000b"}, "/reason"),
        ({"values": {}, "reason": "x", "more": 1}, "/more"),
    ],
)
async def test_body_that_does_not_fit_is_400(
    settings: SettingsClient, body: dict[str, Any], pointer: str
) -> None:
    headers = as_admin() | {"If-Match": (await settings.read(NS)).etag}

    answer = await settings.send("PUT", PATH, headers=headers, json=body)

    assert answer.status == 400
    assert [one["pointer"] for one in answer.error["details"]["errors"]] == [pointer]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("query", ["", "?dry_run=true"])
async def test_number_that_is_not_finite_is_400_at_its_place(
    settings: SettingsClient, number: str, query: str
) -> None:
    headers = as_admin() | {"Content-Type": "application/json"}
    headers["If-Match"] = (await settings.read(NS)).etag
    body = f'{{"values": {{"max_file_mebibytes": [1, {number}]}}, "reason": "x"}}'

    answer = await settings.send("PUT", PATH + query, headers=headers, data=body)  # type: ignore[call-arg]  # this one sends text, too

    assert answer.status == 400
    pointers = [one["pointer"] for one in answer.error["details"]["errors"]]
    assert pointers == ["/values/max_file_mebibytes/1"]


async def test_body_above_256_kib_is_413(settings: SettingsClient) -> None:
    etag = (await settings.read(NS)).etag
    limit = 256 * 1024
    frame = len(json.dumps({"values": {"x": ""}, "reason": "because"}))

    fits = await settings.put(NS, {"x": "a" * (limit - frame - 10)}, etag)
    above = await settings.put(NS, {"x": "a" * (limit - frame + 10)}, etag)

    assert fits.status == 400
    assert (above.status, above.error["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert above.error["details"] == {"limit_bytes": limit}


async def test_body_that_is_not_json_is_415(app: Any) -> None:
    answer = await app.test_client().put(
        PATH, headers=as_admin() | {"Content-Type": "text/plain"}, data=b"{}"
    )

    assert answer.status_code == 415


@pytest.mark.parametrize("path", ["", "/schema", "/versions", "/versions/1"])
async def test_unknown_namespace_is_404(settings: SettingsClient, path: str) -> None:
    answer = await settings.get(f"/v1/settings/nothing{path}")

    assert (answer.status, answer.error["code"]) == (404, "RESOURCE_NOT_FOUND")


async def test_teacher_reads_but_does_not_write(settings: SettingsClient) -> None:
    headers = as_user("teacher") | {"If-Match": (await settings.read(NS)).etag}
    body = {"values": {}, "reason": "x"}

    assert (await settings.send("GET", PATH, headers=headers)).status == 200
    assert (await settings.send("PUT", PATH, headers=headers, json=body)).status == 403
    assert (await settings.send("GET", "/v1/audit", headers=headers)).status == 403
    assert (await settings.send("GET", "/v1/audit/verify", headers=headers)).status == 403


async def test_service_without_a_user_reads_settings_only(settings: SettingsClient) -> None:
    body = {"values": {}, "reason": "x"}

    assert (await settings.send("GET", PATH, headers=SERVICE_HEADERS)).status == 200
    assert (await settings.send("PUT", PATH, headers=SERVICE_HEADERS, json=body)).status == 401
    assert (await settings.send("GET", "/v1/audit", headers=SERVICE_HEADERS)).status == 401


async def test_user_without_a_known_service_gets_nothing(settings: SettingsClient) -> None:
    alone = {"Authorization": as_admin()["Authorization"]}
    stranger = as_admin() | {"X-Service-ID": "file-service"}

    for headers in (alone, stranger, {}):
        assert (await settings.send("GET", PATH, headers=headers)).status == 401
