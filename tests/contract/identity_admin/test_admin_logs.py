"""Logs hold no address, token or database value, and responses hide the cause of an outage."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from bff_core.clock import SystemClock
from services.identity_admin.implementations.gate import SignInGate
from services.identity_admin.implementations.outbox_relay import (
    OutboxRelay,
    PublishFailed,
    RedisStreamPublisher,
)
from tests.contract.identity_admin.conftest import KEY, AdminClient
from tests.identity_databases import Account


@dataclass
class CapturedLogs:
    """Log lines of the services and of libraries."""

    lines: list[Any]
    library: pytest.LogCaptureFixture

    def assert_without(self, *secrets: str) -> None:
        lines = [structlog.processors.format_exc_info(None, "", dict(line)) for line in self.lines]
        everything = json.dumps(lines, default=repr) + self.library.text
        assert self.lines
        for secret in secrets:
            assert secret not in everything


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[CapturedLogs]:
    # The log configuration of the kernel discards library lines below WARNING.
    caplog.set_level(logging.INFO)
    with capture_logs() as lines:
        yield CapturedLogs(lines, caplog)


async def test_decisions_and_lists_log_no_address_and_no_token(
    client: AdminClient, nils: Account, logged: CapturedLogs
) -> None:
    token = client.headers()["Authorization"].removeprefix("Bearer ")
    await client.get("/users/pending?q=demo.example")
    await client.post(f"/users/{nils.user_id}/approve", {"expected_version": 1, "note": nils.email})
    await client.post(f"/users/{nils.user_id}/approve", {"expected_version": 1})
    await client.post(f"/users/{nils.user_id}/deny", {"expected_version": 1, "reason": nils.email})
    await client.get("/users", Authorization="Bearer garbage")

    logged.assert_without(nils.email, client.admin.email, token, KEY)


@pytest.mark.parametrize("table", ["audit_logs", "event_outbox", "refresh_sessions"])
async def test_database_error_answers_503_rolls_back_and_logs_no_values(
    client: AdminClient, engine: AsyncEngine, nils: Account, table: str, logged: CapturedLogs
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"DROP TABLE {table}"))

    body = {"expected_version": 1, "reason": nils.email}
    status, answer, headers = await client.post(f"/users/{nils.user_id}/deny", body)

    _, shown = await client.get(f"/users/{nils.user_id}")
    assert (status, answer["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert (answer["error"]["details"], headers["retry-after"]) == ({}, "1")
    assert (shown["status"], shown["history"]) == ("pending", [])
    logged.assert_without(nils.email)


async def test_outages_of_gate_and_relay_log_no_values(
    client: AdminClient, engine: AsyncEngine, nils: Account, logged: CapturedLogs
) -> None:
    await client.post(f"/users/{nils.user_id}/approve", {"expected_version": 1, "note": nils.email})
    await SignInGate.open(engine)
    unreachable = Redis.from_url(
        "redis://:secret-password@127.0.0.1:1/0", socket_connect_timeout=0.5
    )
    relay = OutboxRelay(
        engine, RedisStreamPublisher(unreachable, "identity:events", 100), SystemClock()
    )

    with pytest.raises(PublishFailed):
        await relay.publish_batch()

    await unreachable.aclose()
    logged.assert_without(nils.email, "secret-password")
