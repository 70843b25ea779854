"""The platform's times keep their moment when they are told that they are UTC."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bff_core.clock import as_utc

ZONES = st.timezones()


@given(st.datetimes())
def test_a_time_without_a_zone_is_utc_and_nothing_else(moment: datetime) -> None:
    told = as_utc(moment)

    assert told == moment.replace(tzinfo=UTC)
    assert told.isoformat() == f"{moment.isoformat()}+00:00"


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1), timezones=ZONES)  # noqa: DTZ001 - bounds name no zone
)
def test_a_time_with_a_zone_is_the_same_moment(moment: datetime) -> None:
    told = as_utc(moment)

    assert told.tzinfo is UTC
    assert told.timestamp() == moment.timestamp()
