"""Round trip of page cursors, and refusal of any other text."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as some

from bff_core.errors import ValidationFailed
from services.identity_admin.domain_handlers.query_handler import decode_cursor, encode_cursor
from services.identity_admin.ports import PageCursor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CENTURY = 100 * 365 * 86_400 * 1_000_000


@given(some.integers(-CENTURY, CENTURY), some.uuids())
def test_decoded_cursor_is_the_encoded_one(microseconds: int, user_id: UUID) -> None:
    cursor = PageCursor(EPOCH + timedelta(microseconds=microseconds), user_id)

    assert decode_cursor(encode_cursor(cursor)) == cursor


@given(some.one_of(some.text(max_size=60), some.binary(max_size=30).map(lambda raw: raw.hex())))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        cursor = decode_cursor(text)
    except ValidationFailed:
        return

    assert cursor is not None
    assert decode_cursor(encode_cursor(cursor)) == cursor
