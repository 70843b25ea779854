"""Errors of Identity are translated to known codes and fixed messages."""

import json

import pytest

from bff_core.errors import DownstreamFailed
from services.gateway.implementations.identity import identity_error, is_envelope


def body(**error: object) -> bytes:
    return json.dumps({"error": error}).encode()


CASES = [
    (400, body(error_code="IDENTITY_INVALID_CREDENTIALS"), 401, "IDENTITY_INVALID_CREDENTIALS"),
    (400, body(code="IDENTITY_EMAIL_NOT_VERIFIED"), 403, "IDENTITY_EMAIL_NOT_VERIFIED"),
    (400, body(error_code="NEW"), 400, "VALIDATION_ERROR"),
    (401, body(error_code="NEW"), 401, "AUTHENTICATION_ERROR"),
    (403, b"{}", 403, "AUTHORIZATION_ERROR"),
    (404, b"<html>", 404, "RESOURCE_NOT_FOUND"),
    (429, b"", 429, "RATE_LIMIT"),
    (418, b'{"error": "text"}', 400, "VALIDATION_ERROR"),
    (400, body(error_code=["list"]), 400, "VALIDATION_ERROR"),
    (400, b"[" * 100_000, 400, "VALIDATION_ERROR"),
]


@pytest.mark.parametrize(("status", "answer", "ours", "code"), CASES)
def test_a_refusal_has_a_code_we_know_and_words_of_ours(
    status: int, answer: bytes, ours: int, code: str
) -> None:
    error = identity_error(status, answer)

    assert (error.status, error.code, error.details) == (ours, code, {})


def test_too_many_attempts_say_when_to_come_back() -> None:
    assert identity_error(400, body(error_code="RATE_LIMIT")).retry_after == 60


def test_a_breakdown_is_not_explained() -> None:
    error = identity_error(500, body(error_code="IDENTITY_INVALID_CREDENTIALS"))

    assert isinstance(error, DownstreamFailed)
    assert error.status == 502


def test_an_envelope_has_exactly_its_six_keys() -> None:
    keys = ("code", "message", "correlation_id", "service", "timestamp", "details")

    assert is_envelope(body(**dict.fromkeys(keys, "x")))
    assert not is_envelope(body(**dict.fromkeys([*keys, "stack_trace"], "x")))
    assert not is_envelope(b'{"error": "text"}')
    assert not is_envelope(b"nope")
