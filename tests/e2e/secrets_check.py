"""What no screen's answer may hold, looked for in every answer that the journeys get."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx

# A JWT, a password's hash, a Python traceback, a path of the server.
FORBIDDEN_TEXT = re.compile(r"eyJ[\w-]{8,}\.|\$argon2|Traceback|/site-packages/")
FORBIDDEN_NAMES = frozenset(
    {
        "access_token",
        "authorization",
        "jti",
        "mac",
        "password",
        "password_hash",
        "prev_mac",
        "refresh_token",
        "stack_trace",
        "token",
        "verification_token",
    }
)


def require_no_secret(answer: httpx.Response) -> None:
    """An event hook of a client: fails the test that got the answer."""
    text = answer.read().decode("utf-8", "replace")
    where = f"{answer.request.method} {answer.request.url.path}"
    assert not FORBIDDEN_TEXT.search(text), where
    if "json" in answer.headers.get("content-type", ""):
        assert not FORBIDDEN_NAMES & set(names_in(json.loads(text))), where


def names_in(value: Any) -> Iterator[str]:
    """Every key of every object, however deep."""
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)
