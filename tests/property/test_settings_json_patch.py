"""Applying the JSON Patch between two values to the first always gives the second."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bff_core.json_values import json_equal
from services.config_service.values import PatchOperation, make_patch

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
)
NAMES = st.text(alphabet="ab~/01-é", max_size=3)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def applied(document: Any, patch: list[PatchOperation]) -> Any:
    """RFC 6902, for the three operations that patches use."""
    root = {"": copy.deepcopy(document)}
    for operation in patch:
        steps = operation["path"].split("/")
        parent: Any = root
        for step in steps[:-1]:
            parent = parent[_key(parent, step)]
        _do(operation, parent, _key(parent, steps[-1]))
    return root[""]


def _key(parent: Any, step: str) -> Any:
    return int(step) if isinstance(parent, list) else step.replace("~1", "/").replace("~0", "~")


def _do(operation: PatchOperation, parent: Any, key: Any) -> None:
    if operation["op"] == "remove":
        del parent[key]
    elif operation["op"] == "add" and isinstance(parent, list):
        assert key <= len(parent)
        parent.insert(key, operation["value"])
    else:
        assert operation["op"] == "add" or isinstance(parent, list) or key in parent
        parent[key] = operation["value"]


@given(VALUES, VALUES)
def test_a_patch_makes_the_second_value_of_the_first(old: Any, new: Any) -> None:
    assert json_equal(applied(old, make_patch(old, new)), new)


@given(VALUES)
def test_equal_values_have_an_empty_patch(value: Any) -> None:
    assert make_patch(value, copy.deepcopy(value)) == []


@given(st.lists(LEAVES, max_size=6), st.integers(0, 6), LEAVES)
def test_one_item_more_is_one_step(items: list[Any], where: int, item: Any) -> None:
    longer = [*items[:where], item, *items[where:]]

    assert len(make_patch(items, longer)) == 1
    assert len(make_patch(longer, items)) == 1


def test_true_is_not_one() -> None:
    assert make_patch({"a": 1}, {"a": True}) == [{"op": "replace", "path": "/a", "value": True}]
    assert make_patch([0], [False]) == [{"op": "replace", "path": "/0", "value": False}]
