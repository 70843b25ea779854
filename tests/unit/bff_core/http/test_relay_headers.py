"""Which names of a client's headers pass, and which of them are remembered."""

import pytest

from bff_core.http import _relay_headers
from bff_core.http._relay_headers import passes_inward


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        (b"authorization", True),
        (b"accept-language", True),
        (b"if-none-match", True),
        (b"accept-" + b"x" * 1000, True),
        (b"accept_language", False),
        (b"x-user-id", False),
        (b"x" * 1000, False),
        (b"", False),
    ],
)
def test_names_pass_by_lists_however_long_and_however_often(name: bytes, passes: bool) -> None:
    assert [passes_inward(name) for _ in range(2)] == [passes, passes]


def test_long_names_are_not_remembered() -> None:
    before = _relay_headers._passes_often.cache_info().currsize

    for number in range(100):
        passes_inward(b"x" * 100 + str(number).encode())

    assert _relay_headers._passes_often.cache_info().currsize == before
