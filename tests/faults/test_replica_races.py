"""Two replicas behind PgBouncer: of two writes that exclude each other, one takes effect.

1,000 races of each kind with FULL_NUMBERS=1, else ten.
"""

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bff_core.errors import BffError
from bff_core.testing import Reply
from services.identity_admin.approval import VersionMismatch
from services.identity_admin.implementations.database import open_engine
from services.identity_admin.models import DecisionAction
from tests.config_service_kit import SettingsClient, fresh_postgres
from tests.faults.config_service_process import calling, counters, serving, verified_length
from tests.faults.conftest import OPERATIONS, PATIENT_SECONDS
from tests.faults.identity_admin.decisions import decide, decide_handler_for
from tests.faults.pgbouncer_process import require_pgbouncer, running_pgbouncer
from tests.faults.pipeline_answers import CJ, commands, is_startable, path_of
from tests.faults.platform_answers import CONFIRMED, ESSAY, MAJA
from tests.faults.review_answers import put_in_review
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller, teacher_process
from tests.identity_databases import (
    Account,
    add_approved,
    add_pending,
    an_admin,
    migrated_engine,
    recorded_writes,
)

RACES = 1_000 if os.environ.get("FULL_NUMBERS") == "1" else 10
SERVER_CONNECTIONS = 4
PATIENT = {
    "LEDGER_BUDGET": str(PATIENT_SECONDS),
    **{f"{name}_BUDGET": "30" for name in ("REQUEST", "CONFIRM", "WORKFLOW")},
    **{f"{name}__BUDGET": str(PATIENT_SECONDS) for name in OPERATIONS},
}
SLOW = 0.02
"""Seconds that the platform takes, so that both replicas are at work."""

pytestmark = [pytest.mark.postgres, pytest.mark.redis]


@pytest.fixture
def pooled_url(postgres_url: str) -> Iterator[str]:
    require_pgbouncer()
    fresh = fresh_postgres(postgres_url)
    with running_pgbouncer(fresh, connections=SERVER_CONNECTIONS) as url:
        yield url


@pytest.fixture
async def replicas(
    platform: StubPlatform, pooled_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[list[Caller]]:
    """The teacher BFF twice, as its processes are told that they are two."""
    urls = platform.urls | {"REDIS_URL": redis_url, "REPLICAS": "2"}
    with ExitStack() as stack:
        running = [
            stack.enter_context(teacher_process(tmp_path, urls, LEDGER_URL=pooled_url, **PATIENT))
            for _ in range(2)
        ]
        async with aiohttp.ClientSession() as session:
            yield [Caller(session, f"http://127.0.0.1:{one.port}") for one in running]


async def at_once(replicas: Sequence[Caller], path: str, *bodies: Any) -> list[tuple[int, Any]]:
    """Send one body to each replica."""
    async with asyncio.TaskGroup() as group:
        writes = [
            group.create_task(one.post(path, body, Idempotency_Key=str(uuid.uuid4())))
            for one, body in zip(replicas, bodies, strict=True)
        ]
    return [(status, body) for status, body, _ in (one.result() for one in writes)]


def confirmation_of(student: str | None) -> dict[str, Any]:
    return {"decisions": [{"essay_id": ESSAY, "student_id": student}], "force": False}


async def test_of_two_confirmations_one_reaches_cms(
    replicas: list[Caller], platform: StubPlatform
) -> None:
    for _ in range(RACES):
        batch = str(uuid.uuid4())
        put_in_review(platform, batch)
        confirm = f"/v1/batches/{batch}/student-associations/confirm"
        platform.cms.on(confirm, Reply(body=CONFIRMED, delay=SLOW))

        path = f"/v1/teacher/batches/{batch}/associations/confirm"
        answers = await at_once(replicas, path, confirmation_of(MAJA), confirmation_of(None))

        sent = [json.loads(one.body) for one in platform.cms.requests if one.path == confirm]
        assert sorted(status for status, _ in answers) == [200, 409], answers
        (winner,) = [at for at, (status, _) in enumerate(answers) if status == 200]
        (told,) = sent
        assert told["associations"][0]["confirmed"] is (winner == 0)


async def test_of_two_starts_one_reaches_the_platform(
    replicas: list[Caller], platform: StubPlatform
) -> None:
    for _ in range(RACES):
        batch = str(uuid.uuid4())
        is_startable(platform, batch)

        answers = await at_once(replicas, path_of(batch), CJ, CJ)

        assert [status for status, _ in answers] == [200, 200], answers
        outcomes = sorted(body["outcome"] for _, body in answers)
        assert outcomes == ["accepted", "already_running"]
        assert len(commands(platform, batch)) == 1


@pytest.fixture
async def config_replicas(
    pooled_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[list[SettingsClient]]:
    more = {
        "CONFIG_SERVICE_NAMESPACE_DIRECTORY": counters(tmp_path, "counter"),
        "CONFIG_SERVICE_STORAGE_TIMEOUT": "20",
        "CONFIG_SERVICE_REQUEST_BUDGET": "30",
        "REDIS_URL": redis_url,
        "REPLICAS": "2",
    }
    with (
        serving(tmp_path, pooled_url, **more) as one,
        serving(tmp_path, pooled_url, **more) as two,
    ):
        async with calling(one.url, two.url) as writers:
            yield writers


async def test_of_two_writes_of_a_setting_one_wins(config_replicas: list[SettingsClient]) -> None:
    etag = (await config_replicas[0].read("counter")).etag
    for number in range(1, RACES + 1):
        async with asyncio.TaskGroup() as group:
            writes = [
                group.create_task(writer.put("counter", {"count": number * 2 + at}, etag))
                for at, writer in enumerate(config_replicas)
            ]
        answers = sorted((one.result() for one in writes), key=lambda one: one.status)

        assert [one.status for one in answers] == [200, 412], answers
        etag = answers[0].etag
        stored = (await config_replicas[number % 2].read("counter")).body
        assert (stored["version"], stored["values"]) == (number, answers[0].body["values"])
    assert await verified_length(config_replicas[0]) == RACES


@pytest.fixture
async def engines(pooled_url: str) -> AsyncIterator[list[AsyncEngine]]:
    """Each is what one process of Identity has."""
    other = open_engine(pooled_url)
    try:
        async with migrated_engine(pooled_url) as engine:
            yield [engine, other]
    finally:
        await other.dispose()


async def outcome_of(
    engine: AsyncEngine, account: Account, action: DecisionAction, admin: Account
) -> object:
    handler = decide_handler_for(engine)
    try:
        return (await decide(handler, account.user_id, action, 1, admin.user_id)).decision.status
    except BffError as error:
        return type(error)


async def test_of_two_decisions_on_an_account_one_wins(engines: list[AsyncEngine]) -> None:
    admins = an_admin(), an_admin()
    actions = DecisionAction.APPROVE, DecisionAction.DENY
    await add_approved(engines[0], *admins)
    for _ in range(RACES):
        person = Account()
        await add_pending(engines[0], person)
        async with asyncio.TaskGroup() as group:
            decisions = [
                group.create_task(outcome_of(engine, person, action, admin))
                for engine, action, admin in zip(engines, actions, admins, strict=True)
            ]
        outcomes = [one.result() for one in decisions]

        assert outcomes.count(VersionMismatch) == 1, outcomes
        found = await recorded_writes(engines[0], person.user_id)
        assert found.status in outcomes
        assert (found.version, found.history, found.audits, found.events) == (2, 1, 1, 1)
