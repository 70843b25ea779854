"""The platform's times, marked as UTC, stay the same moment."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bff_core.clock import as_utc

ZONES = st.timezones()


@given(st.datetimes())
def test_a_time_without_a_zone_is_utc_and_nothing_else(moment: datetime) -> None:
    marked = as_utc(moment)

    assert marked == moment.replace(tzinfo=UTC)
    assert marked.isoformat() == f"{moment.isoformat()}+00:00"


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=ZONES)  # noqa: DTZ001 - bounds name no zone
)
def test_a_time_with_a_zone_is_the_same_moment(moment: datetime) -> None:
    marked = as_utc(moment)

    assert marked.tzinfo is UTC
    assert marked.timestamp() == moment.timestamp()
