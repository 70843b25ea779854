"""The array stripper removes the named arrays and nothing else."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bff_core.client.decoding import array_stripper

COMPACT, SPACED = (",", ":"), (", ", ": ")
empty = array_stripper("essays")

# Whatever could be taken for an end or a beginning, inside strings and as names.
_ODD = st.sampled_from(
    ['], "a', '],"a":', ',"essays":[', ', "essays": [', "[", "]", '"', "\\", '\\"', "}],", "ö", ""]
)
_TEXTS = st.lists(st.one_of(_ODD, st.text(max_size=3)), max_size=4).map("".join)
_NAMES = st.one_of(st.sampled_from(["essays", "a", "created_at"]), _TEXTS)
_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), _TEXTS)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_NAMES, inner, max_size=5)
    ),
    max_leaves=30,
)


def same_but_for_essays(whole: object, left: object) -> bool:
    """True if `left` is `whole`, but that lists named `essays` may have become empty."""
    if isinstance(whole, dict) and isinstance(left, dict):
        return list(whole) == list(left) and all(
            (name == "essays" and isinstance(value, list) and left[name] == [])
            or same_but_for_essays(value, left[name])
            for name, value in whole.items()
        )
    if isinstance(whole, list) and isinstance(left, list):
        return len(whole) == len(left) and all(map(same_but_for_essays, whole, left))
    return type(whole) is type(left) and whole == left


@pytest.mark.parametrize("separators", [COMPACT, SPACED], ids=["compact", "spaced"])
@pytest.mark.parametrize("ascii_only", [True, False])
@given(value=_VALUES)
@example(value={"a": '],"a', "essays": [{"b": '], "c'}, '"]'], "created_at": "[", "d": 1})
@example(value=[{"a": "\\", "essays": ["\\"], "b": '\\",'}, {"a": 1, "essays": [[1], 2], "c": 3}])
def test_nothing_but_the_lists_is_touched(
    value: object, ascii_only: bool, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, separators=separators)

    left = json.loads(empty(text.encode()))

    assert same_but_for_essays(value, left)


@pytest.mark.parametrize("separators", [COMPACT, SPACED], ids=["compact", "spaced"])
def test_each_plain_list_is_emptied(separators: tuple[str, str]) -> None:
    rows = [
        {"id": number, "essays": [{"name": f"{number}.docx", "rank": None}] * 25, "at": "now"}
        for number in range(3)
    ]
    text = json.dumps({"rows": rows, "total": 3}, separators=separators).encode()

    left = json.loads(empty(text))

    assert left == {"rows": [row | {"essays": []} for row in rows], "total": 3}


@pytest.mark.parametrize(
    "essays",
    [
        '[{"trace": "line[3]"}]',
        '[{"name": "a].docx"}]',
        '[{"tags": []}]',
        '[{"name": "],\\"at\\":"}]',
        '[["a"], "b"]',
    ],
)
def test_a_list_with_brackets_in_it_stays_and_the_next_one_goes(essays: str) -> None:
    plain = '{"id":2,"essays":[{"rank":1}],"at":"now"}'
    text = f'[{{"id":1,"essays":{essays},"at":"now"}},{plain}]'.encode()

    first, second = json.loads(empty(text))

    assert first == {"id": 1, "essays": json.loads(essays), "at": "now"}
    assert second == {"id": 2, "essays": [], "at": "now"}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b'{"total": 1}',
        b'"essays"',
        b'{"essays": [1], "a": 2}',
        b'{"a": 1, "essays": [1]}',
        b'{"a": 1 , "essays" : [ 1 ] , "b": 2}',
        b'{"a": ", \\"essays\\": [1], \\"b"}',
        b'{"a": 1, "essays": [1',
        b'{"a": 1, "essays": [1, "b": 2',
        b'{"a": 1, "essays": [',
        b'], "a": 1',
    ],
)
def test_what_is_not_plain_stays_as_it_is(text: bytes) -> None:
    assert empty(text) == text


def test_what_spoils_a_list_goes_with_it() -> None:
    assert empty(b'{"a":1,"essays":[NaN,\xff],"b":2}') == b'{"a":1,"essays":[],"b":2}'
