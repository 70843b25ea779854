"""Applying the changes between two states to the first yields the second, for any two states.

FULL_NUMBERS=1 runs 10,000 examples, otherwise 1,000.
"""

import json
import os

import hypothesis.strategies as st
from hypothesis import given, settings

from bff_core.json_values import json_equal
from services.bff_teacher.live.merge_patch import (
    JsonObject,
    apply_patch,
    make_patch,
)
from services.bff_teacher.live.state import Batches, apply_changes, diff

EXAMPLES = 10_000 if os.environ.get("FULL_NUMBERS") == "1" else 1_000

names = st.text(st.characters(codec="utf-8"), max_size=3) | st.sampled_from(["a", "b", "essays"])
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.booleans() | st.integers() | floats | st.text()
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
objects: st.SearchStrategy[JsonObject] = st.dictionaries(names, values, max_size=4)
states: st.SearchStrategy[Batches] = st.dictionaries(
    st.sampled_from(["b1", "b2", "b3", "b4"]), objects, max_size=4
)
all_examples = settings(max_examples=EXAMPLES, deadline=None)


def as_json(state: object) -> str:
    return json.dumps(state, sort_keys=True)


@all_examples
@given(objects, objects)
def test_a_patch_turns_the_old_object_into_the_new_one(old: JsonObject, new: JsonObject) -> None:
    before = as_json(old)

    assert json_equal(apply_patch(old, make_patch(old, new)), new)
    assert as_json(old) == before


@all_examples
@given(states, states)
def test_the_changes_between_two_states_lead_from_one_to_the_other(
    old: Batches, new: Batches
) -> None:
    before = as_json(old)

    assert json_equal(apply_changes(old, diff(old, new)), new)
    assert as_json(old) == before


@all_examples
@given(states)
def test_equal_states_have_no_change_between_them(state: Batches) -> None:
    assert diff(state, json.loads(as_json(state))) == []
