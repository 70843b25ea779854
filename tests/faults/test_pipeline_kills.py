"""A start is sent once: by two replicas and many tabs, and with a death at every step.

1,000 races and 200 deaths with FULL_NUMBERS=1, else ten and one at each step.
"""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bff_core.testing import Reply
from tests.faults.conftest import Answer, OpenReplica
from tests.faults.pipeline_answers import (
    ACCEPTED,
    AGAIN,
    CJ,
    commands,
    is_startable,
    path_of,
    runs,
)
from tests.faults.platform_answers import BATCH
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller, teacher_process

FULL = os.environ.get("FULL_NUMBERS") == "1"
RACES = 1_000 if FULL else 10
ROUNDS = 25 if FULL else 1


async def test_two_replicas_and_many_tabs_start_once(
    open_replica: OpenReplica, platform: StubPlatform, postgres_url: str
) -> None:
    replicas = [await open_replica(LEDGER_URL=postgres_url) for _ in range(2)]

    for number in range(RACES):
        batch = str(uuid.uuid4())
        is_startable(platform, batch)
        slow = Reply(ACCEPTED.status, ACCEPTED.body, delay=0.02)
        platform.gateway.on(f"/v1/batches/{batch}/pipelines", slow)
        async with asyncio.TaskGroup() as group:
            clicks = [
                group.create_task(one.post(path_of(batch), CJ, Idempotency_Key=f"{number}-{tab}"))
                for one in replicas
                for tab in (1, 1, 2)
            ]
        answers = [click.result() for click in clicks]
        again = await replicas[number % 2].post(path_of(batch), CJ, Idempotency_Key="later")

        outcomes = [body.get("outcome") for status, body, _ in answers if status == 200]
        assert len(commands(platform, batch)) == 1
        assert {status for status, _, _ in answers} <= {200, 429}
        assert "accepted" in outcomes
        assert set(outcomes) <= {"accepted", "already_running"}
        assert again[1]["outcome"] == "already_running"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


FREE = ("known:after", "of_batch:after", "begin:before")
IN_DOUBT = ("begin:after", "start:before")
SENT = ("start:after", "end:before")
RECORDED = ("end:after",)


async def once_settled(caller: Caller, batch: str, key: str, body: Any) -> Answer:
    """The answer when the dead attempt no longer counts as running."""
    async with asyncio.timeout(20):
        while True:
            answer = await caller.post(path_of(batch), body, Idempotency_Key=key)
            if answer[1].get("outcome") != "already_running":
                return answer
            await asyncio.sleep(0.3)


@pytest.mark.parametrize("round_number", range(ROUNDS))
@pytest.mark.parametrize("point", [*FREE, *IN_DOUBT, *SENT, *RECORDED])
async def test_a_death_at_any_step_leaves_one_start_or_the_doubt(
    tmp_path: Path,
    platform: StubPlatform,
    session: aiohttp.ClientSession,
    *,
    point: str,
    round_number: int,
) -> None:
    is_startable(platform)
    ledger = f"sqlite:///{tmp_path / f'ledger-{round_number}.sqlite3'}"
    place = {"LEDGER_URL": ledger, "WORKFLOW_BUDGET": "2.5"}
    module, urls = "tests.faults.dying_teacher", platform.urls | {"DIES": point}
    with (
        teacher_process(tmp_path, urls, module, **place) as dying,
        pytest.raises(aiohttp.ClientError),
    ):
        await Caller(session, dying.url).post(path_of(BATCH), CJ, Idempotency_Key="k-1")
    sent = len(commands(platform))

    with teacher_process(tmp_path, platform.urls, **place) as living:
        caller = Caller(session, living.url)
        same = await once_settled(caller, BATCH, "k-1", CJ)
        other = await caller.post(path_of(BATCH), CJ, Idempotency_Key="k-2")
        retried = await caller.post(path_of(BATCH), CJ | AGAIN, Idempotency_Key="k-3")

    assert sent == (point in SENT + RECORDED)
    is_certain = point in FREE + RECORDED
    assert same[1]["outcome"] == ("accepted" if is_certain else "outcome_unknown")
    assert other[1]["outcome"] == ("already_running" if is_certain else "outcome_unknown")
    # A person who was told of the doubt may send another.
    assert retried[1]["outcome"] == ("already_running" if is_certain else "accepted")
    assert len(commands(platform)) == (1 if is_certain else sent + 1)


async def test_a_start_that_took_effect_before_the_death_is_running(
    tmp_path: Path, platform: StubPlatform, session: aiohttp.ClientSession
) -> None:
    is_startable(platform)
    place = {"LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.sqlite3'}", "WORKFLOW_BUDGET": "2.5"}
    module, urls = "tests.faults.dying_teacher", platform.urls | {"DIES": "end:before"}
    with (
        teacher_process(tmp_path, urls, module, **place) as dying,
        pytest.raises(aiohttp.ClientError),
    ):
        await Caller(session, dying.url).post(path_of(BATCH), CJ, Idempotency_Key="k-1")
    runs(platform)

    with teacher_process(tmp_path, platform.urls, **place) as living:
        caller = Caller(session, living.url)
        answers = [
            await caller.post(path_of(BATCH), body, Idempotency_Key=key)
            for key, body in (("k-1", CJ), ("k-2", CJ), ("k-3", CJ | AGAIN))
        ]

    assert [body["outcome"] for _, body, _ in answers] == ["already_running"] * 3
    assert len(commands(platform)) == 1
