"""Changes that break a caller, and additions that do not."""

import copy
from typing import Any

import pytest

from tools.openapi_breaks import breaks

Json = dict[str, Any]


def schema_of(**fields: Json) -> Json:
    return {"type": "object", "properties": fields, "required": sorted(fields)}


def document(*, given: Json | None = None, taken: Json | None = None, **more: Any) -> Json:
    """One operation, with what it gives, takes and whatever else is said of it."""
    operation: Json = {
        "operationId": "things_make",
        "responses": {"200": {"content": {"application/json": {"schema": given or {}}}}},
        **more,
    }
    if taken is not None:
        body = {"content": {"application/json": {"schema": taken}}, "required": True}
        operation["requestBody"] = body
    return {"paths": {"/things": {"post": operation}}, "components": {"schemas": {}}}


NAME = {"type": "string"}
COUNT = {"type": "integer"}
MAYBE = {"anyOf": [{"type": "string"}, {"type": "null"}]}
WORD = {"type": "string", "enum": ["a", "b"]}
LIST = {"type": "array", "items": NAME}
ONE = schema_of(name=NAME)

ANSWER = "POST /things answer 200"
BODY = "POST /things body"

GIVEN_BREAKS = [
    (schema_of(name=NAME, count=COUNT), ONE, f"{ANSWER}.count is gone"),
    (ONE, {**ONE, "required": []}, f"{ANSWER}.name may be absent now"),
    (ONE, schema_of(name=MAYBE), f"{ANSWER}.name may be null now"),
    (ONE, schema_of(name=COUNT), f"{ANSWER}.name may be integer now"),
    (COUNT, {"type": "number"}, f"{ANSWER} may be number now"),
    (WORD, {"type": "string", "enum": ["a", "b", "c"]}, f'{ANSWER} may be "c" now'),
    (WORD, NAME, f"{ANSWER} may be any word now"),
    (
        {"type": "string", "const": "a"},
        {"type": "string", "const": "b"},
        f'{ANSWER} may be "b" now',
    ),
    (
        {**NAME, "format": "uuid"},
        NAME,
        f'{ANSWER} has format none now, and had "uuid"',
    ),
    ({**COUNT, "maximum": 100}, COUNT, f"{ANSWER} has maximum none now, and had 100"),
    ({**COUNT, "minimum": 1}, {**COUNT, "minimum": 0}, f"{ANSWER} has minimum 0 now, and had 1"),
    (LIST, {"type": "array", "items": COUNT}, f"{ANSWER}[] may be integer now"),
    (NAME, {}, f"{ANSWER} may be anything now"),
    (NAME, {"type": ["string", "null"]}, f"{ANSWER} may be null now"),
    (
        {"type": "object", "additionalProperties": NAME},
        {"type": "object", "additionalProperties": COUNT},
        f"{ANSWER}.* may be integer now",
    ),
]
GIVEN_ADDITIONS = [
    (ONE, schema_of(name=NAME, count=COUNT)),
    (ONE, {**schema_of(name=NAME, count=COUNT), "required": ["name"]}),
    (schema_of(name=MAYBE), ONE),
    ({"type": "number"}, COUNT),
    (NAME, WORD),
    (WORD, {"type": "string", "enum": ["a"]}),
    (NAME, {**NAME, "format": "uuid"}),
    (COUNT, {**COUNT, "minimum": 3}),
    ({}, NAME),
]
TAKEN_BREAKS = [
    (ONE, schema_of(name=NAME, count=COUNT), f"{BODY}.count must be given now"),
    ({**ONE, "required": []}, ONE, f"{BODY}.name must be given now"),
    (schema_of(name=NAME, count=COUNT), ONE, f"{BODY}.count is not taken any more"),
    (schema_of(name=MAYBE), ONE, f"{BODY}.name may not be null any more"),
    (NAME, COUNT, f"{BODY} may not be string any more"),
    (WORD, {"type": "string", "enum": ["a"]}, f'{BODY} takes no "b" now'),
    (NAME, WORD, f'{BODY} takes only "a", "b" now'),
    (COUNT, {**COUNT, "maximum": 9}, f"{BODY} has maximum 9 now, and had none"),
    (
        {**NAME, "maxLength": 9},
        {**NAME, "maxLength": 8},
        f"{BODY} has maxLength 8 now, and had 9",
    ),
    (NAME, {**NAME, "pattern": "^a"}, f'{BODY} has pattern "^a" now, and had none'),
    (LIST, {**LIST, "maxItems": 3}, f"{BODY} has maxItems 3 now, and had none"),
    (ONE, {**ONE, "additionalProperties": False}, f"{BODY} takes no further fields any more"),
    ({}, NAME, f"{BODY} may not be anything any more"),
]
TAKEN_ADDITIONS = [
    (ONE, {**schema_of(name=NAME, count=COUNT), "required": ["name"]}),
    (ONE, {**ONE, "required": []}),
    (ONE, schema_of(name=MAYBE)),
    (WORD, NAME),
    (COUNT, {"type": "number"}),
    ({**NAME, "maxLength": 9}, NAME),
    ({**ONE, "additionalProperties": False}, ONE),
]


@pytest.mark.parametrize(("old", "new", "line"), GIVEN_BREAKS)
def test_changed_response_breaks_its_caller(old: Json, new: Json, line: str) -> None:
    assert line in breaks(document(given=old), document(given=new))


@pytest.mark.parametrize(("old", "new"), GIVEN_ADDITIONS)
def test_changed_response_breaks_no_caller(old: Json, new: Json) -> None:
    assert breaks(document(given=old), document(given=new)) == []


@pytest.mark.parametrize(("old", "new", "line"), TAKEN_BREAKS)
def test_changed_request_breaks_its_caller(old: Json, new: Json, line: str) -> None:
    assert line in breaks(document(taken=old), document(taken=new))


@pytest.mark.parametrize(("old", "new"), TAKEN_ADDITIONS)
def test_changed_request_breaks_no_caller(old: Json, new: Json) -> None:
    assert breaks(document(taken=old), document(taken=new)) == []


def parameter(name: str = "limit", *, required: bool = False, **schema: Any) -> Json:
    schema = {"type": "integer"} | schema
    return {"in": "query", "name": name, "required": required, "schema": schema}


LIMIT = "POST /things query parameter limit"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ([], [parameter(required=True)], f"{LIMIT} must be given now"),
        ([parameter()], [parameter(required=True)], f"{LIMIT} must be given now"),
        ([parameter()], [], f"{LIMIT} is not taken any more"),
        ([parameter()], [parameter(maximum=9)], f"{LIMIT} has maximum 9 now, and had none"),
    ],
)
def test_changed_parameter_breaks_its_caller(old: Json, new: Json, line: str) -> None:
    assert breaks(document(parameters=old), document(parameters=new)) == [line]


def test_new_optional_parameter_breaks_no_caller() -> None:
    assert breaks(document(), document(parameters=[parameter()])) == []


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"operationId": "make"}, "POST /things is called make now, was things_make"),
        ({"x-access-rule": "admin"}, "POST /things is for admin now"),
        (
            {"security": [{"bearer": []}]},
            "POST /things does not accept requests without credentials any more",
        ),
        ({"responses": {"201": {}}}, "POST /things does not answer 200 any more"),
        (
            {"responses": {"200": {"content": {"text/plain": {}}}}},
            "POST /things answer 200 is no application/json any more",
        ),
    ],
)
def test_changed_operation_breaks_its_caller(more: Json, line: str) -> None:
    assert line in breaks(document(), document(**more))


def test_removed_operation_and_header_are_named() -> None:
    old = document()
    old["paths"]["/things"]["post"]["responses"]["200"]["headers"] = {"ETag": {}}
    without_header = document()
    without_operation = {**copy.deepcopy(old), "paths": {}}

    assert breaks(old, without_header) == ["POST /things sends no ETag with 200 any more"]
    assert breaks(old, without_operation) == ["POST /things is gone"]


def test_new_operation_and_status_break_no_caller() -> None:
    new = document()
    new["paths"]["/more"] = new["paths"]["/things"]
    new["paths"]["/things"]["post"]["responses"]["404"] = {}

    assert breaks(document(), new) == []


def tree(**fields: Json) -> Json:
    told = document(given={"$ref": "#/components/schemas/Tree"})
    told["components"]["schemas"]["Tree"] = schema_of(
        inner={"anyOf": [{"$ref": "#/components/schemas/Tree"}, {"type": "null"}]}, **fields
    )
    return told


def test_recursive_schema_is_reported_once_by_its_name() -> None:
    assert breaks(tree(name=NAME), tree()) == ["Tree.name is gone"]
    assert breaks(tree(name=NAME), tree(name=NAME)) == []


def test_event_stream_without_a_model_is_compared_too() -> None:
    stream = {"200": {"content": {"text/event-stream": {"schema": NAME}}}}

    assert breaks(document(responses=stream), document(responses=stream)) == []
    assert breaks(document(responses=stream), document())
