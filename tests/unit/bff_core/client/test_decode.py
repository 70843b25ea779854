"""Decoders tolerate invalid rows and bare NaN, and invent nothing."""

import math

import msgspec
import pytest

from bff_core.client import JsonDecoder, Undecodable, text


class Row(msgspec.Struct):
    id: str
    score: float | None = None
    made_up: str = msgspec.field(default="", name="madeUp")


class Page(msgspec.Struct):
    rows: list[Row] = []
    total: int = 0
    skipped: int = 0


class Salvage:
    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


@pytest.fixture
def salvage() -> Salvage:
    return Salvage()


@pytest.fixture
def decode(salvage: Salvage) -> JsonDecoder[Page]:
    return JsonDecoder(Page, rows="rows", on_salvage=salvage)


def test_good_answer_needs_no_second_try(decode: JsonDecoder[Page], salvage: Salvage) -> None:
    page = decode(b'{"rows": [{"id": "a", "score": 1, "madeUp": "x"}], "total": 1, "new": {}}')

    assert page == Page([Row("a", 1.0, "x")], 1)
    assert salvage.count == 0


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_bare_number_that_is_none_is_read(
    decode: JsonDecoder[Page], salvage: Salvage, number: bytes
) -> None:
    page = decode(b'{"rows": [{"id": "a", "score": ' + number + b'}], "extra": ' + number + b"}")

    assert page.rows[0].score is not None
    assert not math.isfinite(page.rows[0].score)
    assert (page.skipped, salvage.count) == (0, 1)


def test_odd_rows_are_left_out_and_counted(decode: JsonDecoder[Page], salvage: Salvage) -> None:
    page = decode(b'{"rows": [{"id": "a", "madeUp": "x"}, {"id": 7}, null, [], {}], "total": 5}')

    assert page == Page([Row("a", None, "x")], total=5, skipped=4)
    assert salvage.count == 1


def test_page_without_a_good_row_is_empty(decode: JsonDecoder[Page]) -> None:
    assert decode(b'{"rows": [1, 2], "total": 2}') == Page([], total=2, skipped=2)


def test_last_of_two_equal_keys_counts(decode: JsonDecoder[Page]) -> None:
    assert decode(b'{"total": 1, "total": 2}').total == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"garbage",
        b"<html>",
        b'{"rows": 7}',
        b'{"rows": {"a": 1}}',
        b'{"total": "many"}',
        b'{"total": 1',
        b'{"total": NaN}',
        b'{"total": 1e400}',
        b"\xff\xfe\x00",
        b'{"rows": [{"id": "\xff"}]}',
        b'{"rows": [{"id": "\\ud800"}]}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"rows": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"total": ' + b"9" * 10_000 + b"}",
    ],
    ids=range(18),
)
def test_what_is_no_page_is_undecodable(
    decode: JsonDecoder[Page], salvage: Salvage, body: bytes
) -> None:
    with pytest.raises(Undecodable) as refused:
        decode(body)

    assert salvage.count == 0
    assert "many" not in str(refused.value)


def test_deep_nesting_that_we_skip_does_no_harm(decode: JsonDecoder[Page]) -> None:
    body = b'{"total": 1, "extra": ' + b"[" * 100 + b"]" * 100 + b"}"

    assert decode(body).total == 1


def test_number_too_big_for_its_field_loses_its_row(decode: JsonDecoder[Page]) -> None:
    page = decode(b'{"rows": [{"id": "a", "score": 1' + b"0" * 400 + b'}, {"id": "b"}]}')

    assert [row.id for row in page.rows][-1] == "b"


def test_text_replaces_what_is_no_utf8() -> None:
    assert text("blåbär".encode() + b"\xff") == "blåbär\ufffd"
