"""The teacher BFF runs without Kafka's client, with or without a Kafka in its settings."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller, teacher_process

MODULE = "tests.faults.teacher_without_kafka"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {}),
        (
            {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"},
            {"status": "absent", "lag": None, "silent_seconds": None, "rejects": None},
        ),
    ],
    ids=["no Kafka", "Kafka"],
)
async def test_it_serves_and_tells_what_it_lacks(
    tmp_path: Path, platform: StubPlatform, settings: dict[str, str], expected: dict[str, Any]
) -> None:
    ledger = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    with teacher_process(tmp_path, platform.urls | settings, MODULE, LEDGER_URL=ledger) as running:
        async with aiohttp.ClientSession() as session:
            caller = Caller(session, f"http://127.0.0.1:{running.port}")
            _, health, _ = await caller.get("/healthz")
            status, page, _ = await caller.get("/v1/teacher/dashboard")
            metrics = await caller.metrics()

    assert health["dependencies"].get("events", {}) == expected
    assert status == 200
    parts = {part["name"]: part["status"] for part in page["parts"]}
    assert parts.get("events") == ("ok" if expected else None)
    assert metrics["bff_teacher_events_connected"] == (0.0 if expected else -1.0)
