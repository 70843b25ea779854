import json
from typing import Any

import pytest

from devstack.stream_client import LocalCopy, OutOfStep, StreamEvent, merge_patch


def event(name: str, **data: Any) -> StreamEvent:
    return StreamEvent(name, json.dumps(data))


@pytest.fixture
def copy() -> LocalCopy:
    made = LocalCopy()
    made.apply(event("snapshot", version=7, batches={"b1": {"title": "Ett", "done": 1}}))
    return made


def test_copy_follows_what_is_added_changed_and_removed(copy: LocalCopy) -> None:
    copy.apply(event("batch_added", version=8, batch_id="b2", batch={"title": "Två"}))
    copy.apply(
        event("batch_changed", version=9, batch_id="b1", patch={"done": None, "x": {"y": 1}})
    )
    assert copy.batches == {"b1": {"title": "Ett", "x": {"y": 1}}, "b2": {"title": "Två"}}

    copy.apply(event("batch_removed", version=10, batch_id="b1"))

    assert (copy.version, copy.batches) == (10, {"b2": {"title": "Två"}})


def test_activity_and_unknown_events_change_no_state(copy: LocalCopy) -> None:
    told = copy.apply(event("activity", kind="phase_concluded"))
    unknown = copy.apply(StreamEvent("news", "no JSON at all"))

    assert (told, unknown) == ({"kind": "phase_concluded"}, None)
    assert copy.version == 7


def test_resync_leaves_nothing_until_the_snapshot(copy: LocalCopy) -> None:
    copy.apply(event("resync", reason="gap"))
    assert (copy.version, copy.batches) == (None, {})

    copy.apply(event("snapshot", version=3, batches={}))

    assert copy.version == 3


@pytest.mark.parametrize(
    "odd",
    [
        event("batch_changed", version=9, batch_id="b1", patch={}),
        event("batch_changed", version=7, batch_id="b1", patch={}),
        event("batch_changed", version="8", batch_id="b1", patch={}),
        event("batch_changed", version=True, batch_id="b1", patch={}),
        event("batch_changed", version=8, batch_id="b9", patch={}),
        event("batch_changed", version=8, batch_id="b1", patch=[]),
        event("batch_changed", version=8, batch_id="b1"),
        event("batch_added", version=8, batch_id=5, batch={}),
        event("batch_added", version=8, batch_id="b2", batch="all"),
        event("batch_removed", version=8, batch_id="b9"),
        event("snapshot", version=8, batches=[]),
        event("snapshot", version=8, batches={"b1": None}),
        StreamEvent("snapshot", '{"version": NaN'),
        StreamEvent("batch_changed", "[" * 100_000),
        StreamEvent("activity", '{"x": NaN}'),
        StreamEvent("end", "7"),
    ],
)
def test_event_that_does_not_fit_is_told_and_changes_nothing(
    copy: LocalCopy, odd: StreamEvent
) -> None:
    with pytest.raises(OutOfStep):
        copy.apply(odd)

    assert (copy.version, copy.batches) == (7, {"b1": {"title": "Ett", "done": 1}})


def test_change_before_any_snapshot_is_out_of_step() -> None:
    with pytest.raises(OutOfStep):
        LocalCopy().apply(event("batch_removed", version=1, batch_id="b1"))


# The examples of RFC 7396, appendix A.
@pytest.mark.parametrize(
    ("target", "patch", "wanted"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_patch_does_what_its_rfc_shows(target: Any, patch: Any, wanted: Any) -> None:
    before = json.dumps(target)

    assert merge_patch(target, patch) == wanted
    assert json.dumps(target) == before


def test_patch_without_a_bottom_is_refused() -> None:
    patch: dict[str, Any] = {}
    for _ in range(100):
        patch = {"a": patch}

    with pytest.raises(ValueError, match="nested deeper"):
        merge_patch({}, patch)
