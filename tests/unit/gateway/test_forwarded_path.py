"""A path is passed on unchanged, or not at all."""

import string
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bff_core.errors import InvalidRequest
from services.gateway.implementations.filters import checked_path

PREFIX = "/bff/v1/teacher"


@pytest.mark.parametrize(
    "rest", ["", "/", "/a", "/a/", "/a/b.c", "/...", "/%C3%A5", "/a%20b", "/a%3Fb"]
)
def test_a_plain_path_is_unchanged(rest: str) -> None:
    assert checked_path((PREFIX + rest).encode(), PREFIX) == PREFIX + rest


@pytest.mark.parametrize(
    "rest",
    [
        "x",
        "/..",
        "/.",
        "//",
        "//a",
        "/a//b",
        "/%2e%2e",
        "/a%2fb",
        "/a%5cb",
        "/%00",
        "/a;b",
        "/%zz",
        "/%",
        "/%25",
        "/%ff",
        "/a\\b",
        "/a b",
    ],
)
def test_an_odd_path_is_refused(rest: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_path((PREFIX + rest).encode(), PREFIX)


def test_another_prefix_is_refused() -> None:
    with pytest.raises(InvalidRequest):
        checked_path(b"/bff/v1/admin/x", PREFIX)


@given(st.text(alphabet=string.printable + "%2eE5cf\\;åÅ\uff0e\uff0f", max_size=40))
def test_what_passes_never_leaves_its_tree_however_often_it_is_decoded(rest: str) -> None:
    raw = f"{PREFIX}/{rest}".encode()
    try:
        path = checked_path(raw, PREFIX)
    except InvalidRequest:
        return

    assert path.encode() == raw
    for decoded in (path, unquote(path), unquote(unquote(path))):
        segments = decoded.removeprefix(PREFIX).replace("\\", "/").split("/")
        assert not {".", ".."} & set(segments)
        assert "" not in segments[1:-1]
        assert decoded.isprintable()
