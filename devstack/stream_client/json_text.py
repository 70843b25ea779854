"""JSON objects from texts that somebody else wrote."""

import json
from typing import Union

Json = Union[None, bool, int, float, str, list["Json"], "JsonObject"]
JsonObject = dict[str, Json]


def object_in(text: str) -> JsonObject:
    """The object that the text holds.

    Raises:
        ValueError: It holds something else, or is no JSON.
    """
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")  # noqa: TRY004 - a bad value, not a bad type of ours
    return value


def _refuse(word: str) -> Json:
    raise ValueError(f"{word} is no JSON")
