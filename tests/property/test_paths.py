"""A path segment stays one segment, whatever it holds."""

from urllib.parse import unquote, urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bff_core.client.endpoint import _pairs_of, _query, path_of

NASTY = st.text(alphabet="./\\%?#;&=+ ~:@\x00\r\n2eEfF5cåa", min_size=1, max_size=12)
SEGMENT = (st.text(min_size=1) | NASTY).filter(lambda text: text not in {".", ".."})


@given(st.lists(SEGMENT, min_size=1, max_size=5))
def test_segments_come_out_as_they_went_in(segments: list[str]) -> None:
    path = path_of(segments)

    assert [unquote(part) for part in path.split("/")[1:]] == segments


@given(st.lists(SEGMENT, min_size=1, max_size=5))
def test_no_segment_escapes_its_place(segments: list[str]) -> None:
    url = URL(f"http://cms:5002{path_of(segments)}", encoded=True)

    assert (url.host, url.raw_query_string, url.raw_fragment) == ("cms", "", "")
    assert url.raw_path.count("/") == len(segments)
    assert url.raw_path.isascii()
    assert url.raw_path.isprintable()


@pytest.mark.parametrize("segment", [".", ".."])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_dot_segment_is_refused(segment: str, place: int) -> None:
    segments = ["v1", "classes"]
    segments.insert(place, segment)

    with pytest.raises(ValueError, match="dot segment"):
        path_of(segments)


def test_empty_segment_is_refused_but_at_the_end() -> None:
    assert path_of(["v1", "classes", ""]) == "/v1/classes/"
    with pytest.raises(ValueError, match="empty segment"):
        path_of(["v1", "", "students"])


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_parameters_are_written_as_the_library_writes_them(text: str) -> None:
    assert _query(_pairs_of({"ids": text})) == urlencode({"ids": text})


def test_what_counts_as_equal_is_written_alike() -> None:
    assert _query((("page", 1),)) == "page=1"
    assert _query((("page", True),)) == "page=1"


@given(ids=st.lists(st.uuids(), min_size=1))
def test_lists_of_ids_are_written_as_the_library_writes_them(ids: list[UUID]) -> None:
    joined = ",".join(map(str, ids))

    assert _query(_pairs_of([("batch_ids", joined)])) == urlencode({"batch_ids": joined})
