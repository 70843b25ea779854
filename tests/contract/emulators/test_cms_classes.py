"""CMS's class and pupil routes: no ownership, no total, messages that lie."""

import asyncio
import time

import pytest
from quart import Quart

from devstack.emulators import cms
from devstack.emulators.server import EmulatorSettings
from devstack.seed import Dataset
from devstack.seed.people import ADMIN, ANNA, ERIK

UNKNOWN = "00000000-0000-0000-0000-000000000001"
AS_ANNA = {"X-User-ID": ANNA.user_id}
AS_ERIK = {"X-User-ID": ERIK.user_id}
ERROR_500 = (500, {"error": "Internal server error"})
DETAIL_KEYS = {
    "error_code", "message", "correlation_id", "timestamp", "service", "operation", "details",
    "stack_trace", "trace_id", "span_id",
}  # fmt: skip


def confirm_path(batch_id: str) -> str:
    return f"/v1/batches/{batch_id}/student-associations/confirm"


async def test_class_list_holds_the_callers_own_newest_first(
    cms_app: Quart, dataset: Dataset
) -> None:
    answer = await cms_app.test_client().get("/v1/classes/", headers=AS_ANNA)

    body = await answer.get_json()
    expected = dataset.classes_of(ANNA.user_id)
    assert [one["id"] for one in body["classes"]] == [one.class_id for one in expected]
    assert set(body["classes"][0]) == {"id", "name", "course_code", "student_count", "created_at"}
    assert body["classes"][0]["student_count"] == len(expected[0].student_ids)
    assert body["classes"][0]["created_at"] == expected[0].created_at.isoformat()
    assert body["pagination"] == {"limit": 20, "offset": 0, "returned": 3}


@pytest.mark.parametrize(
    ("query", "pagination"),
    [
        ("limit=1&offset=1", {"limit": 1, "offset": 1, "returned": 1}),
        ("limit=0", {"limit": 20, "offset": 0, "returned": 3}),
        ("limit=-4&offset=-4", {"limit": 20, "offset": 0, "returned": 3}),
        ("limit=x&offset=y", {"limit": 20, "offset": 0, "returned": 3}),
        ("limit=100000&offset=9", {"limit": 100000, "offset": 9, "returned": 0}),
    ],
)
async def test_class_list_pages_without_a_total(
    cms_app: Quart, query: str, pagination: dict[str, int]
) -> None:
    answer = await cms_app.test_client().get(f"/v1/classes/?{query}", headers=AS_ANNA)

    assert (await answer.get_json())["pagination"] == pagination


async def test_class_list_without_the_slash_is_a_308_to_an_absolute_address(
    cms_app: Quart,
) -> None:
    answer = await cms_app.test_client().get("/v1/classes", headers=AS_ANNA)

    assert answer.status_code == 308
    assert answer.headers["Location"].startswith("http://")
    assert answer.mimetype == "text/html"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/classes/"),
        ("POST", "/v1/classes/"),
        ("GET", f"/v1/classes/{UNKNOWN}"),
        ("GET", f"/v1/classes/students/{UNKNOWN}"),
        ("GET", f"/v1/batches/{UNKNOWN}/student-associations"),
        ("POST", confirm_path(UNKNOWN)),
    ],
)
async def test_without_a_user_id_it_is_401(cms_app: Quart, method: str, path: str) -> None:
    answer = await cms_app.test_client().open(path, method=method, headers={"X-User-ID": ""})  # type: ignore[call-arg]  # its protocol lacks a default

    expected = {"error": "User authentication required"}
    assert (answer.status_code, await answer.get_json()) == (401, expected)


async def test_another_teacher_reads_renames_and_deletes_a_class(
    cms_app: Quart, dataset: Dataset
) -> None:
    client = cms_app.test_client()
    path = f"/v1/classes/{dataset.classes_of(ANNA.user_id)[0].class_id}"
    change = {"name": "Ny", "course_codes": ["SV2"]}

    renamed = await client.put(path, json=change, headers=AS_ERIK)
    read = await client.get(path, headers=AS_ERIK)
    deleted = await client.delete(path, headers=AS_ERIK)
    gone = await client.get(path, headers=AS_ERIK)

    assert (await renamed.get_json())["name"] == "Ny"
    assert set(await read.get_json()) == {"id", "name", "course_code"}
    assert await deleted.get_json() == {"message": "Class deleted successfully"}
    assert (gone.status_code, await gone.get_json()) == (404, {"error": "Class not found"})


async def test_roster_needs_no_header_and_keeps_the_synthetic_pupil(
    cms_app: Quart, dataset: Dataset
) -> None:
    synthetic = next(one for one in dataset.students if one.is_synthetic)

    answer = await cms_app.test_client().get(f"/v1/classes/{synthetic.class_ids[0]}/roster")

    students = {one["student_id"]: one for one in (await answer.get_json())["students"]}
    assert len(students) == 26
    assert students[synthetic.student_id] == {
        "student_id": synthetic.student_id,
        "first_name": "UNKNOWN",
        "last_name": "STUDENT",
        "full_legal_name": "UNKNOWN STUDENT",
        "email": synthetic.email,
    }
    assert any(one["email"] is None for one in students.values())


@pytest.mark.parametrize(
    "query", ["limit=2147483648", "limit=9223372036854775808", "offset=2147483648"]
)
async def test_number_that_postgresql_refuses_is_500(cms_app: Quart, query: str) -> None:
    answer = await cms_app.test_client().get(f"/v1/classes/?{query}", headers=AS_ANNA)

    assert (answer.status_code, await answer.get_json()) == ERROR_500


async def test_rosters_cost_the_one_core_one_after_the_other(
    settings: EmulatorSettings, dataset: Dataset
) -> None:
    client = cms.create_app(settings).test_client()
    paths = [f"/v1/classes/{one.class_id}/roster" for one in dataset.classes]
    began = time.monotonic()

    async with asyncio.TaskGroup() as group:
        reads = [group.create_task(client.get(path)) for path in paths]

    assert {read.result().status_code for read in reads} == {200}
    assert time.monotonic() - began >= 0.015 * len(paths)


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/classes/xyz", 400, "Invalid class ID format"),
        ("/v1/classes/students", 400, "Invalid class ID format"),
        (f"/v1/classes/{UNKNOWN}/roster", 404, "Class not found"),
        ("/v1/classes/students/xyz", 400, "Invalid student ID format"),
        (f"/v1/classes/students/{UNKNOWN}", 404, "Student not found"),
        ("/v1/batches/nope/student-associations", 400, "Invalid batch ID format"),
    ],
)
async def test_bad_ids(cms_app: Quart, path: str, status: int, message: str) -> None:
    answer = await cms_app.test_client().get(path, headers=AS_ANNA)

    assert (answer.status_code, await answer.get_json()) == (status, {"error": message})


@pytest.mark.parametrize(
    "path", [f"/v1/classes/{UNKNOWN}/students", "/v1/nope", f"/v1/batches/{UNKNOWN}/nope"]
)
async def test_unknown_routes_are_html(cms_app: Quart, path: str) -> None:
    answer = await cms_app.test_client().get(path, headers=AS_ANNA)

    assert (answer.status_code, answer.mimetype) == (404, "text/html")


async def test_class_is_created_for_the_caller(cms_app: Quart) -> None:
    client = cms_app.test_client()

    body = {"name": "Ny klass", "course_codes": ["ENG5"]}
    created = await client.post("/v1/classes/", json=body, headers=AS_ERIK)

    listed = await (await client.get("/v1/classes/?limit=1", headers=AS_ERIK)).get_json()
    assert created.status_code == 201
    assert set(await created.get_json()) == {"id", "name"}
    assert listed["classes"][0]["name"] == "Ny klass"


@pytest.mark.parametrize("body", [b"{}", b'{"name":"x","course_codes":["XX9"]}', b"{nope", b""])
async def test_invalid_class_creation_is_500(cms_app: Quart, body: bytes) -> None:
    headers = {**AS_ANNA, "Content-Type": "application/json"}

    answer = await cms_app.test_client().post("/v1/classes/", data=body, headers=headers)

    assert (answer.status_code, await answer.get_json()) == ERROR_500


async def test_two_courses_are_a_400_with_a_whole_error_detail(cms_app: Quart) -> None:
    body = {"name": "Två", "course_codes": ["ENG5", "SV1"]}

    answer = await cms_app.test_client().post("/v1/classes/", json=body, headers=AS_ANNA)

    error = (await answer.get_json())["error"]
    assert answer.status_code == 400
    assert set(error) == DETAIL_KEYS
    assert error["error_code"] == "MULTIPLE_COURSE_ERROR"
    assert error["timestamp"].endswith(" GMT")


async def test_class_update_without_courses_is_500_although_saved(
    cms_app: Quart, dataset: Dataset
) -> None:
    client = cms_app.test_client()
    path = f"/v1/classes/{dataset.classes_of(ANNA.user_id)[0].class_id}"

    answer = await client.put(path, json={"name": "Omdöpt"}, headers=AS_ANNA)

    assert (answer.status_code, await answer.get_json()) == ERROR_500
    assert (await (await client.get(path, headers=AS_ANNA)).get_json())["name"] == "Omdöpt"


async def test_invalid_class_update_blames_the_id(cms_app: Quart, dataset: Dataset) -> None:
    path = f"/v1/classes/{dataset.classes_of(ANNA.user_id)[0].class_id}"

    answer = await cms_app.test_client().put(path, json={"name": ""}, headers=AS_ANNA)

    expected = {"error": "Invalid class ID format"}
    assert (answer.status_code, await answer.get_json()) == (400, expected)


async def test_pupil_comes_and_goes(cms_app: Quart, dataset: Dataset) -> None:
    client = cms_app.test_client()
    class_id = dataset.classes_of(ANNA.user_id)[0].class_id
    name = {"first_name": "Åsa", "last_name": "Prov"}
    body = {"person_name": name, "email": "asa@elev.example", "class_ids": [class_id]}

    created = await client.post("/v1/classes/students", json=body, headers=AS_ANNA)
    path = f"/v1/classes/students/{(await created.get_json())['id']}"
    change = {"remove_class_ids": [class_id], "add_class_ids": [UNKNOWN]}
    changed = await client.put(path, json=change, headers=AS_ANNA)
    deleted = await client.delete(path, headers=AS_ANNA)

    assert created.status_code == 201
    assert (await created.get_json())["full_name"] == "Åsa Prov"
    assert (await changed.get_json())["class_ids"] == []
    assert (await changed.get_json())["email"] == "asa@elev.example"
    assert await deleted.get_json() == {"message": "Student deleted successfully"}


@pytest.mark.parametrize(
    "extra",
    [{"email": "no address"}, {"class_ids": [UNKNOWN]}, {"email": "elev00.anna-ek22@elev.example"}],
)
async def test_every_failed_pupil_creation_is_500(cms_app: Quart, extra: dict[str, object]) -> None:
    body = {"person_name": {"first_name": "A", "last_name": "B"}, **extra}

    answer = await cms_app.test_client().post("/v1/classes/students", json=body, headers=AS_ANNA)

    assert (answer.status_code, await answer.get_json()) == ERROR_500


async def test_admin_has_no_classes(cms_app: Quart) -> None:
    answer = await cms_app.test_client().get("/v1/classes/", headers={"X-User-ID": ADMIN.user_id})

    assert (await answer.get_json())["classes"] == []
