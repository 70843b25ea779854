"""The error tree: each code has one status."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from bff_core import errors
from bff_core.errors import (
    BffError,
    DownstreamError,
    DownstreamRefused,
    DownstreamTimeout,
    FieldError,
    NotAuthenticated,
    ValidationFailed,
)

PLATFORM = {
    "VALIDATION_ERROR": 400,
    "INVALID_REQUEST": 400,
    "AUTHENTICATION_ERROR": 401,
    "AUTHORIZATION_ERROR": 403,
    "RESOURCE_NOT_FOUND": 404,
    "RATE_LIMIT": 429,
    "UNKNOWN_ERROR": 500,
    "EXTERNAL_SERVICE_ERROR": 502,
    "CONNECTION_ERROR": 503,
    "SERVICE_UNAVAILABLE": 503,
    "CIRCUIT_BREAKER_OPEN": 503,
    "TIMEOUT": 504,
}
OURS = {
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "PRECONDITION_FAILED": 412,
    "PAYLOAD_TOO_LARGE": 413,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "PRECONDITION_REQUIRED": 428,
}


def tree(kind: type[BffError]) -> Iterator[type[BffError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


@pytest.mark.parametrize("kind", list(tree(BffError)))
def test_code_has_the_status_of_the_tables(kind: type[BffError]) -> None:
    assert kind.status == (PLATFORM | OURS)[kind.code]


def an_error(kind: type[BffError]) -> BffError:
    """One of each class, made with all that its constructor takes."""
    if kind is ValidationFailed:
        return ValidationFailed([FieldError("/limit", "too big")])
    if issubclass(kind, DownstreamRefused):
        return kind("cms", upstream_status=404, spoke_json=True)
    if issubclass(kind, DownstreamError):
        return kind("cms", reason="deadline", upstream_status=500, retry_after=2.0, sent=False)
    if issubclass(kind, NotAuthenticated):
        return kind("expired")
    return kind("a text", details={"a": 1}, fields={"b": 2}, retry_after=3.0, headers={"c": "d"})


@pytest.mark.parametrize("kind", list(tree(BffError)))
def test_copy_is_equal_and_shares_nothing_that_changes(kind: type[BffError]) -> None:
    error = an_error(kind)

    copy = error.copy()
    copy.details["part"] = "batches"
    copy.headers["ETag"] = "x"

    assert type(copy) is kind
    assert str(copy) == str(error)
    assert "part" not in error.details
    assert "ETag" not in error.headers
    assert error.copy().__dict__ == error.__dict__


@pytest.mark.parametrize("kind", list(tree(BffError)))
def test_message_is_a_sentence_of_our_own(kind: type[BffError]) -> None:
    assert re.fullmatch(r"[A-Z][^.{}%]+", kind.message)


def test_flaws_are_listed_as_pointer_and_message() -> None:
    error = ValidationFailed([FieldError("/limit", "too big"), FieldError("", "odd")])

    assert error.details == {
        "errors": [
            {"pointer": "/limit", "message": "too big"},
            {"pointer": "", "message": "odd"},
        ],
        "error_count": 2,
    }


def test_of_many_flaws_the_first_fifty_are_listed_and_all_are_counted() -> None:
    error = ValidationFailed(FieldError(f"/{number}", "odd") for number in range(47_760))

    flaws: Any = error.details["errors"]
    assert [flaw["pointer"] for flaw in flaws] == [f"/{n}" for n in range(50)]
    assert error.details["error_count"] == 47_760


def test_a_name_of_400_kb_is_not_sent_back_whole() -> None:
    error = ValidationFailed([FieldError("/" + "n" * 400_000, "There is no such parameter")])

    flaws: Any = error.details["errors"]
    (flaw,) = flaws
    assert len(flaw["pointer"]) < 300


def test_details_go_out_and_fields_stay_in() -> None:
    error = DownstreamTimeout("ras", reason="deadline", retry_after=2.0).naming_part("batches")

    assert error.details == {"service": "ras", "part": "batches"}
    assert error.fields == {"reason": "deadline"}
    assert error.retry_after == 2.0


def test_refusal_keeps_its_status_for_the_client_that_expects_it() -> None:
    error = DownstreamRefused("cms", upstream_status=404, spoke_json=False)

    assert (error.upstream_status, error.spoke_json, error.status) == (404, False, 502)
    assert "404" not in str(error)
