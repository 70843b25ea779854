"""What an alert needs to know of failures and of whether a process wants requests."""

from typing import Any

import pytest
from quart import Quart
from quart.typing import TestClientProtocol as Client

from bff_core.errors import NotFound, Unavailable
from bff_core.observability import Metrics

Headers = dict[str, str]


def failures(metrics: Metrics) -> list[str]:
    lines = metrics.render().decode().splitlines()
    return [line for line in lines if line.startswith("example_failures_total{")]


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (Unavailable(details={"reason": "storage_full"}), ("SERVICE_UNAVAILABLE", "storage_full")),
        (Unavailable(), ("SERVICE_UNAVAILABLE", "none")),
        (Unavailable(details={"reason": "Said /by/ them"}), ("SERVICE_UNAVAILABLE", "other")),
        (RuntimeError("secret-77"), ("UNKNOWN_ERROR", "none")),
    ],
)
async def test_a_failed_request_is_counted_by_code_and_reason(
    client: Client,
    as_teacher: Headers,
    things: Any,
    metrics: Metrics,
    *,
    error: Exception,
    counted: tuple[str, str],
) -> None:
    things.error = error

    await client.get("/v1/things", headers=as_teacher)

    code, reason = counted
    assert failures(metrics) == [f'example_failures_total{{code="{code}",reason="{reason}"}} 1.0']


async def test_a_refusal_is_no_failure(
    client: Client, as_teacher: Headers, things: Any, metrics: Metrics
) -> None:
    things.error = NotFound(details={"reason": "unknown_entry"})

    await client.get("/v1/things", headers=as_teacher)

    assert failures(metrics) == []


async def test_ready_is_what_the_health_route_says(
    app: Quart, client: Client, metrics: Metrics
) -> None:
    assert metrics.registry.get_sample_value("example_ready") == (
        (await client.get("/ready")).status_code == 200
    )

    app.extensions["bff_core.lifecycle"].drain()

    assert metrics.registry.get_sample_value("example_ready") == 0
