"""The expressions of other edges admit nothing that the gateway refuses."""

import re

from hypothesis import given
from hypothesis import strategies as st

from bff_core.errors import InvalidRequest
from services.gateway.implementations.filters import (
    REQUEST_HEADERS,
    REQUEST_PREFIXES,
    RESPONSE_HEADERS,
    checked_path,
    is_forwarded_header,
)
from tools.edge_config.patterns import BELOW, other_names

PREFIX = "/bff/v1/teacher"
PIECES = [*"/.%;\\ab~+!?#@", "..", "%2e", "%2E", "%2f", "%5C", "%25", "%3b", "%00", "%7f", "%20"]
PIECES += ["%c3%a5", "%C3%BF", "%c0%ae", "%ef%bc%8f", "%e2%80%8b", "%61", "%zz", "å"]
paths = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)
names = st.text("abcdefghijklmnopqrstuvwxyz-:0123456789", min_size=1, max_size=30)
known = st.sampled_from(sorted(name.decode() for name in REQUEST_HEADERS | RESPONSE_HEADERS))
near = st.tuples(known | st.sampled_from(["accept", "if-"]), names | st.just("")).map("".join)

_BELOW = re.compile(BELOW)
_DROPPED = re.compile(
    other_names((one.decode() for one in REQUEST_HEADERS), [p.decode() for p in REQUEST_PREFIXES])
)
_KEPT_IN = re.compile(other_names(one.decode() for one in RESPONSE_HEADERS))


def is_admitted(path: str) -> bool:
    try:
        return bool(checked_path(f"{PREFIX}{path}".encode(), PREFIX))
    except (InvalidRequest, UnicodeEncodeError):
        return False


@given(st.from_regex(_BELOW, fullmatch=True))
def test_what_the_pattern_admits_the_gateway_admits(path: str) -> None:
    assert is_admitted(path)


@given(paths.map("/{}".format))
def test_no_mixture_of_odd_pieces_passes_the_pattern_alone(path: str) -> None:
    assert not _BELOW.fullmatch(path) or is_admitted(path)


@given(st.text("abcXYZ019._~!$&'()*+,=:@-%2345678DEF/", max_size=20).map("/{}".format))
def test_in_ascii_the_pattern_and_the_gateway_agree(path: str) -> None:
    decodes_to_ascii = not re.search("%[89A-F]", path)

    assert not decodes_to_ascii or bool(_BELOW.fullmatch(path)) == is_admitted(path)


@given(names | near)
def test_a_request_header_is_dropped_unless_the_gateway_forwards_it(name: str) -> None:
    is_pseudo = name.startswith(":")

    dropped = _DROPPED.fullmatch(name) is not None

    assert dropped == (not is_pseudo and not is_forwarded_header(name.encode()))


@given(names | near)
def test_a_response_header_stays_in_unless_the_gateway_sends_it(name: str) -> None:
    is_pseudo = name.startswith(":")

    kept_in = _KEPT_IN.fullmatch(name) is not None

    assert kept_in == (not is_pseudo and name.encode() not in RESPONSE_HEADERS)
