"""A cursor brings a listing back to where it was, whatever is handed in."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as some

from bff_core.errors import ValidationFailed
from services.identity_admin.domain_handlers import cursors
from services.identity_admin.protocols import Place

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CENTURY = 100 * 365 * 86_400 * 1_000_000


@given(some.integers(-CENTURY, CENTURY), some.uuids())
def test_cursor_comes_back_as_the_place_it_was(microseconds: int, user_id: UUID) -> None:
    place = Place(EPOCH + timedelta(microseconds=microseconds), user_id)

    assert cursors.read(cursors.written(place)) == place


@given(some.one_of(some.text(max_size=60), some.binary(max_size=30).map(lambda raw: raw.hex())))
def test_any_text_is_a_place_or_a_flaw(text: str) -> None:
    assert _place_or_flaw(text)


def _place_or_flaw(text: str) -> bool:
    try:
        place = cursors.read(text)
    except ValidationFailed as refused:
        return bool(refused.details["errors"])
    return place is not None and cursors.read(cursors.written(place)) == place
