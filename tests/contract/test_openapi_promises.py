"""No field, parameter or route can go, and no route come, without the check saying what to do."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from quart_schema import hide

from bff_core.server import PUBLIC, access
from tools.check_openapi import broken, drift
from tools.openapi_baseline import baselines_in, promises_of, record
from tools.openapi_export import COMMAND, SERVICES, app_of, document_from, snapshot_of, written
from tools.openapi_rules import findings_in, operations_in, undocumented_in

Json = dict[str, Any]


TEXTS = {service: snapshot_of(service).read_text() for service in SERVICES}
DOCUMENTS: dict[str, Json] = {service: json.loads(text) for service, text in TEXTS.items()}
PROMISES = {service: promises_of(document) for service, document in DOCUMENTS.items()}


MODELS = [
    (service, model)
    for service, document in DOCUMENTS.items()
    for model, schema in document["components"]["schemas"].items()
    if "properties" in schema
]


def without_field(document: Json, model: str, field: str) -> Json:
    schemas = document["components"]["schemas"]
    schema = schemas[model]
    rest = {name: inner for name, inner in schema["properties"].items() if name != field}
    must = [name for name in schema.get("required", ()) if name != field]
    changed = schemas | {model: schema | {"properties": rest, "required": must}}
    return document | {"components": document["components"] | {"schemas": changed}}


def complaints(service: str, document: Json) -> list[str]:
    return list(broken(service, PROMISES[service], document))


@pytest.mark.parametrize(("service", "model"), MODELS)
def test_each_field_that_is_deleted_is_named(service: str, model: str) -> None:
    document = DOCUMENTS[service]
    for field in document["components"]["schemas"][model]["properties"]:
        changed = without_field(document, model, field)

        found = complaints(service, changed)

        assert any(f"breaks callers: {model}.{field} is" in line for line in found), (field, found)
        assert all(
            "put it back, or give it a new version, as openapi/README.md describes" in line
            for line in found
        )
        (lag,) = drift(service, changed, TEXTS[service])
        assert lag.endswith(f"run `{COMMAND}` and commit it")


@pytest.mark.parametrize("service", SERVICES)
def test_each_parameter_that_is_deleted_is_named(service: str) -> None:
    changed = copy.deepcopy(DOCUMENTS[service])
    for operation, told in operations_in(changed):
        whole = told["parameters"]
        for gone in whole:
            told["parameters"] = [one for one in whole if one is not gone]

            (line,) = complaints(service, changed)

            assert f"{operation} {gone['in']} parameter {gone['name']} is not taken" in line
        told["parameters"] = whole


@pytest.mark.parametrize("service", SERVICES)
def test_operation_that_is_deleted_is_named(service: str) -> None:
    for path in DOCUMENTS[service]["paths"]:
        changed = copy.deepcopy(DOCUMENTS[service])
        methods = changed["paths"].pop(path)

        assert len([line for line in complaints(service, changed) if "is gone;" in line]) == len(
            methods
        )


async def test_hidden_route_is_told_of() -> None:
    app = app_of("bff_teacher")

    @app.get("/v1/teacher/secret")
    @hide
    @access(PUBLIC)
    async def secret() -> str:
        """Nobody knows."""
        return ""

    (line,) = undocumented_in(app, document_from(app))

    assert line.startswith("GET /v1/teacher/secret is in no document: take @hide off")


async def test_new_route_is_drift() -> None:
    document = copy.deepcopy(DOCUMENTS["bff_teacher"])
    document["paths"]["/v1/teacher/new"] = document["paths"]["/v1/teacher/me"]

    (line,) = drift("bff_teacher", document, TEXTS["bff_teacher"])

    assert (
        line == f"openapi/bff_teacher.json is not what the code says: run `{COMMAND}` and commit it"
    )
    (line,) = complaints("bff_teacher", document)
    assert "lacks additions" in line


@pytest.mark.parametrize(
    ("lacking", "remedy"),
    [("summary", "docstring"), ("operationId", "give it a name"), ("tags", "blueprint")],
)
def test_operation_that_says_too_little_is_named(lacking: str, remedy: str) -> None:
    document = copy.deepcopy(DOCUMENTS["bff_teacher"])
    del document["paths"]["/v1/teacher/me"]["get"][lacking]

    found = [line for line in findings_in(document) if f"has no {lacking}" in line]

    assert len(found) == 1
    assert found[0].startswith("GET /v1/teacher/me")
    assert remedy in found[0]


def test_example_that_is_not_valid_is_named() -> None:
    document = copy.deepcopy(DOCUMENTS["bff_teacher"])
    document["components"]["schemas"]["TeacherProfileV1"]["examples"][0]["roles"] = "teacher"

    found = [*findings_in(document)]

    assert any("GET /v1/teacher/me shows an example of its 200 body" in line for line in found)


@pytest.mark.parametrize("words", ["Routes of screen 6.", "The route table as Quart routes."])
def test_group_of_routes_that_is_described_for_insiders_is_named(words: str) -> None:
    document = copy.deepcopy(DOCUMENTS["gateway"])
    document["tags"][0]["description"] = words

    found = list(findings_in(document))

    assert len(found) == 1
    assert found[0].startswith("tag gateway names ")


def test_additions_are_recorded_and_breaks_are_not(tmp_path: Path) -> None:
    old = DOCUMENTS["bff_teacher"]
    more = copy.deepcopy(old)
    more["components"]["schemas"]["TeacherProfileV1"]["properties"]["nick"] = {"type": "string"}
    less = without_field(old, "TeacherProfileV1", "locale")

    assert record(tmp_path, "bff_teacher", old) == tmp_path / "bff_teacher.v1.json"
    assert record(tmp_path, "bff_teacher", old) is None
    assert record(tmp_path, "bff_teacher", more) == tmp_path / "bff_teacher.v1.json"
    assert record(tmp_path, "bff_teacher", less) is None
    assert record(tmp_path, "bff_teacher", less, anew=True) == tmp_path / "bff_teacher.v2.json"
    assert [path.name for path in baselines_in(tmp_path, "bff_teacher")] == [
        "bff_teacher.v1.json",
        "bff_teacher.v2.json",
    ]


def test_words_for_people_are_no_promise_but_fields_named_like_them_are() -> None:
    promised = promises_of(DOCUMENTS["bff_teacher"])

    batch = promised["components"]["schemas"]["DashboardBatchV1"]
    assert "title" in batch["properties"]
    assert "title" not in batch
    assert "description" not in batch


@pytest.mark.parametrize("service", SERVICES)
def test_service_without_a_record_is_told_to_make_one(service: str) -> None:
    (line,) = broken(service, {}, DOCUMENTS[service])

    assert line.endswith(f"run `{COMMAND}` and commit it")


def test_snapshot_has_a_line_for_each_value_and_no_escapes() -> None:
    assert written({"b": "å", "a": [1]}) == '{\n  "a": [\n    1\n  ],\n  "b": "å"\n}\n'
