"""Failures of a screen: their codes, details and waits, and what the log has of them."""

from typing import Any

import pytest
from quart.typing import TestClientProtocol as Client

from bff_core.errors import (
    BffError,
    CircuitOpen,
    Conflict,
    DownstreamFailed,
    DownstreamTimeout,
    DownstreamUnreachable,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    RateLimited,
    Unavailable,
)
from tests.envelope_kit import refused

Headers = dict[str, str]


@pytest.mark.parametrize(
    "crash",
    [ValueError("secret-77"), KeyError("secret-77"), RecursionError(), TimeoutError("secret-77")],
)
async def test_crash_is_unknown_and_explains_nothing(
    client: Client, as_teacher: Headers, things: Any, crash: Exception
) -> None:
    things.error = crash

    answer = await client.get("/v1/things", headers=as_teacher)

    error = await refused(answer, 500, "UNKNOWN_ERROR")
    assert error["details"] == {}
    assert "77" not in f"{error['message']}{error['details']}"


async def test_crash_is_explained_in_the_log(
    client: Client,
    as_teacher: Headers,
    things: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    things.error = ZeroDivisionError("the reason")

    answer = await client.get("/v1/things", headers=as_teacher)

    logged = capsys.readouterr().out
    assert "request_crashed" in logged
    assert "the reason" in logged
    assert answer.headers["X-Correlation-ID"] in logged


async def test_known_failure_is_logged_with_its_reason_and_cause(
    client: Client, as_teacher: Headers, things: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    things.error = Unavailable(details={"reason": "storage_full"}, fields={"error": "OSError"})

    await client.get("/v1/things", headers=as_teacher)

    [line] = [one for one in capsys.readouterr().out.splitlines() if "request_failed" in one]
    assert "storage_full" in line
    assert "OSError" in line


@pytest.mark.parametrize(
    "error",
    [
        NotFound(),
        Conflict(details={"version": 3}),
        PreconditionFailed(),
        PreconditionRequired(),
        DownstreamFailed("ras", reason="status", upstream_status=500).naming_part("batches"),
        DownstreamTimeout("ras"),
    ],
)
async def test_known_failure_has_its_status_and_details(
    client: Client, as_teacher: Headers, things: Any, error: BffError
) -> None:
    things.error = error

    answer = await client.get("/v1/things", headers=as_teacher)

    told = await refused(answer, error.status, error.code)
    assert told["details"] == error.details
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (RateLimited(retry_after=1.2), "2"),
        (Unavailable(retry_after=0.0), "1"),
        (CircuitOpen("ras", retry_after=5.0), "5"),
        (DownstreamUnreachable("ras", retry_after=0.1), "1"),
    ],
)
async def test_wait_is_told_in_whole_seconds(
    client: Client, as_teacher: Headers, things: Any, error: BffError, seconds: str
) -> None:
    things.error = error

    answer = await client.get("/v1/things", headers=as_teacher)

    await refused(answer, error.status, error.code)
    assert answer.headers["Retry-After"] == seconds
