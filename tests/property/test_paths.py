"""A path segment stays one segment, whatever it holds."""

from urllib.parse import parse_qsl, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bff_core.client.endpoint import path_of, url_of

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
def test_parameters_come_out_as_they_went_in(text: str) -> None:
    parameters: dict[str, str | int] = {"ids": text, "page": 1}
    url = URL(url_of("http://cms:5002", ["v1"], parameters), encoded=True)

    assert parse_qsl(url.raw_query_string, keep_blank_values=True) == [("ids", text), ("page", "1")]


def test_a_url_without_parameters_has_no_query() -> None:
    assert url_of("http://cms:5002", ["v1", "classes", ""]) == "http://cms:5002/v1/classes/"
