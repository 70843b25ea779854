"""Calls and responses show no secrets in a log or a traceback."""

import pytest
from msgspec.structs import replace

from bff_core.client.call import Call, DownstreamResponse
from bff_core.testing.clock import FakeClock
from tests.pipeline_kit import a_call

SECRET = "Bearer eyJ"


def told_by(value: Call | DownstreamResponse) -> str:
    """Python's own representation and that of the library that prints tracebacks."""
    return f"{value!r} {list(value.__rich_repr__())!r}"


def test_a_call_tells_its_address_and_neither_headers_nor_body(clock: FakeClock) -> None:
    call = replace(a_call(clock), headers={"Authorization": SECRET}, body=SECRET.encode())

    told = told_by(call)

    assert call.url in told
    assert SECRET not in told


def test_an_answer_tells_neither_headers_nor_body() -> None:
    answer = DownstreamResponse("value", SECRET.encode(), 203, {"Set-Cookie": SECRET})

    told = told_by(answer)

    assert "203" in told
    assert SECRET not in told


def test_a_call_is_not_changed(clock: FakeClock) -> None:
    call = a_call(clock)

    with pytest.raises(AttributeError):
        call.url = "http://elsewhere"  # type: ignore[misc]  # as a careless policy would
