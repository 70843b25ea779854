"""What callers send is taken exactly as the schema of it says."""

import re

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field, ValidationError

from bff_core.inputs import ETAGS_PATTERN, KEY_PATTERN, Line, Since, Whole


class Sent(BaseModel):
    since: Since | None = None
    count: Whole = Field(1, ge=1, le=10)
    text: Line = Field("x", max_length=20)


SCHEMA = Draft202012Validator(
    Sent.model_json_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER
)


@pytest.mark.parametrize(
    "sent",
    [
        {"since": "2026-01-31T12:00:00Z"},
        {"since": "2026-01-31T12:00:00.5+02:00"},
        {"count": 10},
        {"count": 2.0},
        {"text": "Ett skäl"},
        {"text": " é "},
    ],
)
def test_both_take_it(sent: dict[str, object]) -> None:
    Sent.model_validate(sent)

    assert SCHEMA.is_valid(sent)


@pytest.mark.parametrize(
    "sent",
    [
        {"since": "0.5"},
        {"since": "1769860800"},
        {"since": "2026-01-31T12:00:00"},
        {"since": 5},
        {"count": 2.5},
        {"count": "2"},
        {"count": True},
        {"count": 11},
        {"text": ""},
        {"text": "  "},
        {"text": "a\x00b"},
        {"text": "a\nb"},
        {"text": "\x85a"},
    ],
)
def test_neither_takes_it(sent: dict[str, object]) -> None:
    assert not SCHEMA.is_valid(sent)
    with pytest.raises(ValidationError):
        Sent.model_validate(sent)


@pytest.mark.parametrize(
    "control", ["\x00", "\x85", "\u2028", "\u2029", "\u202e", "\u2066", "\u200f", "\u061c"]
)
def test_line_holds_no_character_that_breaks_or_turns_a_line(control: str) -> None:
    sent = {"text": f"a{control}b"}

    with pytest.raises(ValidationError):
        Sent.model_validate(sent)
    assert not SCHEMA.is_valid(sent)


def test_line_is_stripped_and_whole_is_a_number_without_a_point() -> None:
    sent = Sent.model_validate({"text": "  a b ", "count": 3.0})

    assert sent.text == "a b"
    assert type(sent.count) is int


@pytest.mark.parametrize("tags", ['"a"', '""', 'W/"a"', '"a" , W/"b",\t"c"'])
def test_tags_as_a_header_holds_them_match(tags: str) -> None:
    assert re.search(ETAGS_PATTERN, tags)


@pytest.mark.parametrize("tags", ["", "*", "a", '"a', '"a" "b"', '"å"'])
def test_what_is_no_list_of_tags_does_not_match(tags: str) -> None:
    assert not re.search(ETAGS_PATTERN, tags)


def test_key_is_visible_ascii() -> None:
    assert re.search(KEY_PATTERN, "k" * 255)
    assert not any(re.search(KEY_PATTERN, key) for key in ("", "a b", "k" * 256, "é"))
