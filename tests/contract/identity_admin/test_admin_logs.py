"""Nothing that is logged holds an address or a token; and failures answer without telling why."""

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
from services.identity_admin.implementations.redis_stream import RedisStream
from services.identity_admin.implementations.relay import Relay, SinkFailed
from tests.contract.identity_admin.conftest import KEY, Desk
from tests.identity_databases import Account


@dataclass
class Logged:
    """All that was said, by us and by libraries."""

    lines: list[Any]
    library: pytest.LogCaptureFixture

    def assert_silent_about(self, *secrets: str) -> None:
        told = [structlog.processors.format_exc_info(None, "", dict(line)) for line in self.lines]
        everything = json.dumps(told, default=repr) + self.library.text
        assert self.lines
        for secret in secrets:
            assert secret not in everything


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[Logged]:
    # The kernel's log set-up lets no library below WARNING speak, whatever the level.
    caplog.set_level(logging.INFO)
    with capture_logs() as lines:
        yield Logged(lines, caplog)


async def test_decisions_and_lists_log_no_address_and_no_token(
    desk: Desk, nils: Account, logged: Logged
) -> None:
    token = desk.headers()["Authorization"].removeprefix("Bearer ")
    await desk.get("/users/pending?q=demo.example")
    await desk.post(f"/users/{nils.user_id}/approve", {"expected_version": 1, "note": nils.email})
    await desk.post(f"/users/{nils.user_id}/approve", {"expected_version": 1})
    await desk.post(f"/users/{nils.user_id}/deny", {"expected_version": 1, "reason": nils.email})
    await desk.get("/users", Authorization="Bearer garbage")

    logged.assert_silent_about(nils.email, desk.admin.email, token, KEY)


@pytest.mark.parametrize("table", ["audit_logs", "event_outbox", "refresh_sessions"])
async def test_broken_database_is_unavailable_undoes_all_and_logs_no_values(
    desk: Desk, engine: AsyncEngine, nils: Account, table: str, logged: Logged
) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(f"DROP TABLE {table}"))

    body = {"expected_version": 1, "reason": nils.email}
    status, answer, headers = await desk.post(f"/users/{nils.user_id}/deny", body)

    _, shown = await desk.get(f"/users/{nils.user_id}")
    assert (status, answer["error"]["code"]) == (503, "SERVICE_UNAVAILABLE")
    assert (answer["error"]["details"], headers["retry-after"]) == ({}, "1")
    assert (shown["status"], shown["history"]) == ("pending", [])
    logged.assert_silent_about(nils.email)


async def test_outages_of_gate_and_relay_log_no_values(
    desk: Desk, engine: AsyncEngine, nils: Account, logged: Logged
) -> None:
    await desk.post(f"/users/{nils.user_id}/approve", {"expected_version": 1, "note": nils.email})
    await SignInGate.opened(engine)
    away = Redis.from_url("redis://:secret-password@127.0.0.1:1/0", socket_connect_timeout=0.5)
    relay = Relay(engine, RedisStream(away, "identity:events", 100), SystemClock())

    with pytest.raises(SinkFailed):
        await relay.deliver()

    await away.aclose()
    logged.assert_silent_about(nils.email, "secret-password")
