"""Namespace files: the shipped ones are valid, and invalid ones are refused at start."""

import json
from pathlib import Path
from typing import Any

import pytest

from bff_core.errors import NotFound
from bff_core.settings import SettingsError
from services.config_service.namespaces import SHIPPED, Namespace, load_namespaces

GOOD: dict[str, Any] = {
    "title": "Limits",
    "description": "How much of what.",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "most": {"type": "integer", "minimum": 1, "default": 10},
        "inner": {
            "type": "object",
            "properties": {"on": {"type": "boolean", "default": True}},
            "default": {},
        },
    },
}


def write(folder: Path, schema: object, name: str = "limits.json") -> Path:
    path = folder / name
    path.write_text(schema if isinstance(schema, str) else json.dumps(schema), "utf-8")
    return path


def limits(folder: Path, **changes: Any) -> Namespace:
    write(folder, GOOD | changes)
    return load_namespaces(folder)["limits"]


def changed(where: str, value: object) -> dict[str, Any]:
    """The good schema with the value at a dotted path changed."""
    schema: dict[str, Any] = json.loads(json.dumps(GOOD))
    *steps, last = where.split(".")
    part = schema
    for step in steps:
        part = part.setdefault(step, {})
    part[last] = value
    return schema


def test_shipped_files_are_good() -> None:
    shipped = load_namespaces(SHIPPED)

    assert list(shipped) == ["assessment", "maintenance", "notifications", "uploads"]
    assert shipped["maintenance"].defaults["read_only"] is False
    schema: Any = shipped["maintenance"].schema
    assert set(schema["properties"]["banner"]["properties"]) == {"sv", "en"}
    for namespace in shipped.values():
        assert namespace.errors(namespace.defaults) == []
        assert namespace.title
        assert namespace.description


def test_defaults_are_filled_in_deep(tmp_path: Path) -> None:
    namespace = limits(tmp_path)

    assert namespace.defaults == {"most": 10, "inner": {"on": True}}
    assert namespace.with_defaults({"most": 3}) == {"most": 3, "inner": {"on": True}}
    assert namespace.with_defaults({"inner": {"on": False}})["inner"] == {"on": False}


def test_filling_leaves_what_was_given_alone(tmp_path: Path) -> None:
    given: dict[str, Any] = {"inner": {}}

    limits(tmp_path).with_defaults(given)

    assert given == {"inner": {}}


def test_all_errors_are_pointed_at_without_values(tmp_path: Path) -> None:
    inner = GOOD["properties"]["inner"] | {"required": ["must"], "default": {"must": 1}}
    namespace = limits(tmp_path, properties=GOOD["properties"] | {"inner": inner})

    errors = namespace.errors({"most": "secret-value", "inner": {"on": 1}, "a/b": 0})

    pointers = [error.pointer for error in errors]
    assert pointers == ["/a~1b", "/inner/must", "/inner/on", "/most"]
    assert "secret-value" not in repr(errors)


def test_numbers_that_json_cannot_spell_are_errors(tmp_path: Path) -> None:
    errors = limits(tmp_path, additionalProperties=True).errors({"x": [float("inf")]})

    assert [error.pointer for error in errors] == ["/x/0"]


@pytest.mark.parametrize(
    ("schema", "pointer", "words"),
    [
        ("{", "#", "is not JSON"),
        ('{"a": 1, "a": 2}', "#", "there twice"),
        ("[]", "#", "2020-12"),
        ("{}", "#/type", "object"),
        (changed("type", "objekt"), "#/type", "2020-12"),
        (changed("properties.most.minimum", "1"), "#/properties/most/minimum", "number"),
        (changed("properties.most.pattern", "["), "#/properties/most/pattern", "regex"),
        (changed("properties.most.$ref", "#/$defs/no"), "#/properties/most/$ref", "#/$defs/no"),
        (
            changed("properties.most.$ref", "https://example.com/schema"),
            "#/properties/most/$ref",
            "refers to nothing",
        ),
        (changed("properties.most.default", 0), "#/properties/most/default", "at least 1"),
        (changed("properties.inner.default", {"on": 1}), "#/properties/inner/default/on", "bool"),
        (changed("default", {}), "#/default", "properties"),
        (changed("required", ["absent"]), "#", "/absent is required"),
        (changed("title", ""), "#/title", "required"),
        (changed("$schema", "http://json-schema.org/draft-07/schema#"), "#/$schema", "2020-12"),
        (changed("properties.most.$id", "x"), "#/properties/most/$id", "id"),
        (changed("properties.l", {"type": "array"}), "#/properties/l/maxItems", "required"),
        (
            changed("properties.l", {"type": ["array", "null"], "maxItems": 1001}),
            "#/properties/l/maxItems",
            "at most 1000",
        ),
        (changed("properties.l", {"uniqueItems": True}), "#/properties/l/maxItems", "required"),
        (
            changed("properties.map", {"additionalProperties": {"type": "string"}}),
            "#/properties/map/maxProperties",
            "required",
        ),
        (changed("properties.t", {"pattern": "(a+)+$"}), "#/properties/t/maxLength", "required"),
        (
            changed("properties.l", {"unevaluatedItems": False}),
            "#/properties/l/unevaluatedItems",
            "refused",
        ),
    ],
)
def test_bad_file_is_refused_with_file_and_pointer(
    tmp_path: Path, schema: object, pointer: str, words: str
) -> None:
    path = write(tmp_path, schema)

    with pytest.raises(SettingsError) as refused:
        load_namespaces(tmp_path)

    assert str(refused.value).startswith(f"{path}{pointer}: ")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_default_may_refer_to_a_definition(tmp_path: Path) -> None:
    schema = changed("properties.most", {"$ref": "#/$defs/few", "default": 2})
    schema["$defs"] = {"few": {"type": "integer", "maximum": 3}}
    write(tmp_path, schema)

    assert load_namespaces(tmp_path)["limits"].defaults["most"] == 2


def test_default_that_a_definition_refuses_is_refused(tmp_path: Path) -> None:
    schema = changed("properties.most", {"$ref": "#/$defs/few", "default": 4})
    schema["$defs"] = {"few": {"type": "integer", "maximum": 3}}
    write(tmp_path, schema)

    with pytest.raises(SettingsError, match="#/properties/most/default: must be at most 3"):
        load_namespaces(tmp_path)


def test_name_of_a_file_must_be_a_name(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "My Limits.json")

    with pytest.raises(SettingsError, match="small letters"):
        load_namespaces(tmp_path)


def test_two_files_for_one_namespace_are_refused(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "uploads.json")

    with pytest.raises(SettingsError, match="another file"):
        load_namespaces(SHIPPED, tmp_path)


def test_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="not a folder"):
        load_namespaces(tmp_path / "absent")


def test_unknown_namespace_is_not_found() -> None:
    with pytest.raises(NotFound):
        load_namespaces(SHIPPED).require("nothing")


class CountedText(str):
    """Counts how often it is compared."""

    __slots__ = ()
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        CountedText.comparisons += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


MIXED: list[Any] = [
    [],
    {},
    *range(450),
    *(CountedText(n) for n in range(450)),
    *([n] for n in range(300)),
    None,
    True,
]
LISTED = changed("properties.listed", {"type": "array", "maxItems": 1000, "uniqueItems": True})


def test_items_of_mixed_types_are_compared_without_each_to_each(tmp_path: Path) -> None:
    write(tmp_path, LISTED)
    namespace = load_namespaces(tmp_path)["limits"]
    CountedText.comparisons = 0

    assert namespace.errors({"listed": MIXED[:1000]}) == []
    assert [error.pointer for error in namespace.errors({"listed": MIXED})] == ["/listed"]
    assert CountedText.comparisons <= len(MIXED)


@pytest.mark.parametrize(
    ("items", "valid"),
    [
        ([1, True, "1", None, [1], {"a": 1}], True),
        ([1, 1.0], False),
        ([{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}], False),
        ([[True], [1]], True),
        ([False, 0], True),
    ],
)
def test_items_are_unique_by_json_equality(tmp_path: Path, items: list[Any], valid: bool) -> None:
    write(tmp_path, LISTED)

    errors = load_namespaces(tmp_path)["limits"].errors({"listed": items})

    assert (errors == []) is valid


def test_validation_stops_after_as_many_flaws_as_are_listed(tmp_path: Path) -> None:
    errors = limits(tmp_path).errors({f"n{number}": 0 for number in range(1500)})

    assert len(errors) == 51


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ({"type": "array", "maxItems": 9, "uniqueItems": True}, [0] * 10),
        ({"type": "array", "maxItems": 9, "items": {"type": "string"}}, [0] * 10),
        ({"type": "string", "maxLength": 9, "pattern": "^[a-z]+$"}, "A" * 10),
        (
            {"type": "object", "maxProperties": 1, "additionalProperties": {"type": "string"}},
            {"a": 0, "b": 0},
        ),
    ],
    ids=["unique", "items", "pattern", "map"],
)
def test_what_is_too_large_is_not_looked_into(
    tmp_path: Path, rule: dict[str, Any], value: Any
) -> None:
    write(tmp_path, changed("properties.large", rule))

    errors = load_namespaces(tmp_path)["limits"].errors({"large": value})

    assert [(error.pointer, error.message.split(" ")[1]) for error in errors] == [
        ("/large", "have")
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"listed": [0] * 100_000},
        {f"n{number}": 0 for number in range(30_000)},
        {"n" * 10_000: 0},
        json.loads('{"a":' * 900 + "0" + "}" * 900),
    ],
    ids=["items", "names", "a long name", "depth"],
)
def test_values_larger_than_any_settings_are_one_flaw(
    tmp_path: Path, values: dict[str, Any]
) -> None:
    write(tmp_path, LISTED)

    assert len(load_namespaces(tmp_path)["limits"].errors(values)) == 1
