"""The developer's comparison of answers: keys and types count, values do not."""

import pytest

from devstack.recorded.shapes import differences


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ({"a": 1}, {"a": 2.5}),
        ({"a": None}, {"a": "x"}),
        ({"a": "x"}, {"a": None}),
        ({"a": []}, {"a": [1, "x"]}),
        ({"a": [{"b": 1}]}, {"a": []}),
        ({"a": [{"b": 1}]}, {"a": [{"b": 3}, {"b": 4}]}),
    ],
)
def test_other_values_are_no_difference(expected: object, found: object) -> None:
    assert list(differences(expected, found)) == []


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        ({"a": 1}, {}, ["/a: missing"]),
        ({}, {"a": 1}, ["/a: not expected"]),
        ({"a": 1}, {"a": "1"}, ["/a: number expected, string found"]),
        ({"a": True}, {"a": 1}, ["/a: boolean expected, number found"]),
        ([{"b": 1}], [{"b": 1}, {"c": 1}], ["/*/b: missing", "/*/c: not expected"]),
        ({}, [], ["/: object expected, array found"]),
    ],
)
def test_other_keys_and_types_are_told(expected: object, found: object, said: list[str]) -> None:
    assert list(differences(expected, found)) == said
