"""Equality of JSON values is that of JSON's data model."""

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bff_core.json_values import json_equal, json_pointer

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=12,
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two values; mostly the second is the first, written another way or changed in one leaf."""
    value = draw(VALUES)
    other = draw(st.just(value) | st.just(respelled(value)) | VALUES)
    return value, other


def respelled(value: Any) -> Any:
    """The same JSON value: whole numbers swap between 1 and 1.0, keys are in reverse order."""
    if isinstance(value, dict):
        return {key: respelled(inner) for key, inner in reversed(value.items())}
    if isinstance(value, list):
        return [respelled(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is int and abs(value) < 2**53:
        return float(value)
    return value


def python_confused(value: Any) -> Any:
    """Another JSON value that Python's `==` takes for the same."""
    if isinstance(value, dict):
        return {key: python_confused(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [python_confused(inner) for inner in value]
    return int(value) if isinstance(value, bool) else value


def canonical_text(value: Any) -> str:
    """One text for each JSON value: whole numbers have no fraction, keys are sorted."""

    def plain(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: plain(inner) for key, inner in part.items()}
        if isinstance(part, list):
            return [plain(inner) for inner in part]
        return int(part) if isinstance(part, float) and part.is_integer() else part

    return json.dumps(plain(value), sort_keys=True)


@given(VALUES)
def test_every_value_equals_itself_and_its_copy(value: Any) -> None:
    assert json_equal(value, value)
    assert json_equal(value, copy.deepcopy(value))


@given(pairs())
def test_equality_has_no_direction(pair: tuple[Any, Any]) -> None:
    left, right = pair

    assert json_equal(left, right) == json_equal(right, left)


@given(pairs(), VALUES)
def test_equality_is_transitive(pair: tuple[Any, Any], third: Any) -> None:
    left, right = pair
    for last in (third, respelled(right), copy.deepcopy(left)):
        if json_equal(left, right) and json_equal(right, last):
            assert json_equal(left, last)


@given(pairs())
def test_equal_values_are_those_with_the_same_canonical_text(pair: tuple[Any, Any]) -> None:
    left, right = pair

    assert json_equal(left, right) == (canonical_text(left) == canonical_text(right))


@given(VALUES)
def test_spelling_of_numbers_and_order_of_keys_do_not_matter(value: Any) -> None:
    assert json_equal(value, respelled(value))


@given(VALUES)
def test_true_is_not_one_at_any_depth(value: Any) -> None:
    other = python_confused(value)
    assume(canonical_text(other) != canonical_text(value))

    assert not json_equal(value, other)


def test_true_in_an_object_in_a_list_is_not_one() -> None:
    assert not json_equal([{"a": True}], [{"a": 1}])
    assert not json_equal([{"a": 0}], [{"a": False}])


@pytest.mark.parametrize(
    ("left", "right"),
    [({}, []), ({"a": None}, {}), ([1], [1, 1]), ("1", 1), (None, False), ("a", "A")],
)
def test_values_of_another_shape_differ(left: Any, right: Any) -> None:
    assert not json_equal(left, right)


def test_nan_equals_nothing() -> None:
    assert not json_equal(math.nan, math.nan)
    assert not json_equal([math.nan], [math.nan])


def test_depth_has_no_limit() -> None:
    def nested(*, innermost: object) -> object:
        value = innermost
        for _ in range(50_000):
            value = [{"a": value}]
        return value

    assert json_equal(nested(innermost=1), nested(innermost=1.0))
    assert not json_equal(nested(innermost=1), nested(innermost=True))


@given(st.lists(st.text(alphabet="ab~/01", max_size=4), max_size=4))
def test_a_pointer_splits_into_its_keys(keys: list[str]) -> None:
    pointer = ""
    for key in keys:
        pointer = json_pointer(pointer, key)

    steps = pointer.split("/")[1:]
    assert [step.replace("~1", "/").replace("~0", "~") for step in steps] == keys
