"""The short way through a query reads what the library reads."""

from urllib.parse import parse_qsl

from hypothesis import example, given
from hypothesis import strategies as st

from bff_core.server.routes.validation import _pairs_in


@given(st.text("ab1_=&,.:-", max_size=20))
@example("")
@example("&&")
@example("=")
@example("a==b&a=&=c&d")
def test_plain_query_is_what_the_library_makes_of_it(query: str) -> None:
    assert _pairs_in(query) == parse_qsl(query, keep_blank_values=True)


@given(st.text("a=&%41+;é\ud8009 ", max_size=12).filter(lambda text: "\ud800" not in text))
def test_any_other_query_is_the_library_s(query: str) -> None:
    assert _pairs_in(query) == parse_qsl(query, keep_blank_values=True, errors="werkzeug.url_quote")
