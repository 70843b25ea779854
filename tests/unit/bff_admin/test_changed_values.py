import pytest
from pydantic import JsonValue

from services.bff_admin.screens.overview import changed_values


@pytest.mark.parametrize(
    ("value", "default"),
    [({}, {}), ({"a": 1}, {"a": 1.0}), ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]})],
)
def test_what_is_equal_in_json_is_no_difference(value: JsonValue, default: JsonValue) -> None:
    assert list(changed_values(value, default)) == []


@pytest.mark.parametrize(
    ("value", "default", "pointers"),
    [
        ({"a": True}, {"a": 1}, ["/a"]),
        ({"a": [True]}, {"a": [1]}, ["/a"]),
        ({"a": [{"b": True}]}, {"a": [{"b": 1}]}, ["/a"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["/a/c"]),
        ({"a/b": 1, "m~n": 1}, {}, ["/a~1b", "/m~0n"]),
        ({"a": {"b": 1}}, {"a": 1}, ["/a"]),
        ({}, {"gone": 5}, ["/gone"]),
    ],
)
def test_a_difference_is_pointed_at(
    value: JsonValue, default: JsonValue, pointers: list[str]
) -> None:
    assert [one.pointer for one in changed_values(value, default)] == pointers
