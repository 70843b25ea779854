"""Any two states: the changes between them, applied to the first, make the second.

FULL_NUMBERS=1 takes 10,000 pairs, otherwise 1,000.
"""

import json
import os

import hypothesis.strategies as st
from hypothesis import given, settings

from bff_core.json_values import json_equal
from services.bff_teacher.streaming.differ import Batches, applied, diff
from services.bff_teacher.streaming.json_patch import (
    JsonObject,
    merge_patch,
    patched,
)

PAIRS = 10_000 if os.environ.get("FULL_NUMBERS") == "1" else 1_000

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
many = settings(max_examples=PAIRS, deadline=None)


def written(state: object) -> str:
    return json.dumps(state, sort_keys=True)


@many
@given(objects, objects)
def test_a_patch_makes_the_new_object_of_the_old_one(old: JsonObject, new: JsonObject) -> None:
    before = written(old)

    assert json_equal(patched(old, merge_patch(old, new)), new)
    assert written(old) == before


@many
@given(states, states)
def test_the_changes_between_two_states_lead_from_one_to_the_other(
    old: Batches, new: Batches
) -> None:
    before = written(old)

    assert json_equal(applied(old, diff(old, new)), new)
    assert written(old) == before


@many
@given(states)
def test_equal_states_have_no_change_between_them(state: Batches) -> None:
    assert diff(state, json.loads(written(state))) == []
