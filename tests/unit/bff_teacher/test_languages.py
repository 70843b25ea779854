import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bff_teacher.languages import preferred

SPOKEN = ("en", "sv")


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("sv", "sv"),
        ("sv-SE", "sv"),
        ("SV-se, en;q=0.8", "sv"),
        ("en;q=0.8, sv;q=0.9", "sv"),
        ("sv;q=0.3, en;q=0.7", "en"),
        ("sv, en", "en"),
        ("de, sv;q=0.1", "sv"),
        ("de", "en"),
        ("*", "en"),
        ("en;q=0, *", "sv"),
        ("en;q=0, sv;q=0", "en"),
        ("sv;q=0.5, *;q=0.6", "en"),
        ("sv;q=2", "en"),
        ("sv;q=abc, sv-FI;q=0.2", "sv"),
        ("sv; q=1.000", "sv"),
        ("<script>", "en"),
    ],
)
def test_language_is_the_one_that_weighs_most(accepted: str, language: str) -> None:
    assert preferred(accepted, SPOKEN) == language


@given(st.text(max_size=200))
def test_no_header_is_too_odd(accepted: str) -> None:
    assert preferred(accepted, SPOKEN) in SPOKEN
